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
    engines::Session session{.node = node.asked_facts(),
                             .fs = node.fs(),
                             .runner = node.world().runner,
                             .clock = node.world().clock};
    // What the running engine says itself is proof; what it cannot say follows from what is still pending.
    auto word = checks.empty() ? std::string("unknown") : engines::live_word(checks, session);
    return waits && word == "unknown" ? "pending" : word;
}

}  // namespace mirrorctl::cli
