#include "cli/live.hpp"

#include "engines/verify.hpp"
#include "targets/target.hpp"

#include <algorithm>

namespace mirrorctl::cli {

std::string live_word(Node& node, std::string_view target_name, const TargetPath& path,
                      const std::vector<Pending>& pending) {
    const auto* target = targets::find_target(target_name);
    const auto* codec = target == nullptr ? nullptr : target->codec_for(node.facts(), path);
    if (codec == nullptr) return "unknown";
    if (target->live_checks == nullptr) return "yes";  // read anew by every shell and every new container
    auto text = node.fs().read(path);
    if (!text) return "unknown";
    auto values = codec->read(*text);
    if (!values) return "unknown";
    auto checks = target->live_checks(node.facts(), path, *values);
    bool waits = std::any_of(pending.begin(), pending.end(), [&](const Pending& p) {
        return std::any_of(checks.begin(), checks.end(),
                           [&](const Check& check) { return engines::unit_of(check) == p.unit; });
    });
    if (waits) return "pending";
    if (checks.empty()) return "unknown";
    engines::Session session{.node = node.asked_facts(),
                             .fs = node.fs(),
                             .runner = node.world().runner,
                             .clock = node.world().clock};
    return engines::live_word(checks, session);
}

}  // namespace mirrorctl::cli
