#include "plan/saved.hpp"

#include "base/strings.hpp"
#include "targets/target.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::plan {

namespace {

Failure refuse(std::string_view what, const std::string& object) {
    return Failure(Error{.code = ErrorCode::stale_plan,
                         .message = cat("refusing a saved plan: ", what, ": ", printable_line(object, 200)),
                         .hint = "make it again with `mirrorctl plan --out`"});
}

constexpr std::array<std::string_view, 2> kUnits{"docker.service", "containerd.service"};

bool is_known_unit(const std::string& unit) {
    return unit.empty() || std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

}  // namespace

Result<void> check_saved(const Plan& plan, const NodeFacts& node) {
    for (const auto& file : plan.files) {
        const auto* target = targets::find_target(file.target);
        if (target == nullptr) return refuse("unknown target", file.target);
        if (target->codec_for(node, file.path) == nullptr)
            return refuse("a path that " + file.target + " never writes", file.path.str());
    }
    for (const auto& dir : plan.dirs) {
        bool on_the_way = std::any_of(plan.files.begin(), plan.files.end(), [&](const FileChange& file) {
            return file.resolved.str().starts_with(dir.path.str() + "/") ||
                   file.path.str().starts_with(dir.path.str() + "/");
        });
        if (!on_the_way) return refuse("a directory that no file needs", dir.path.str());
    }
    for (const auto& activation : plan.activations)
        if (!is_known_unit(activation.unit)) return refuse("a unit that we never touch", activation.unit);
    for (const auto& pending : plan.pending)
        if (!is_known_unit(pending.unit)) return refuse("a unit that we never touch", pending.unit);
    return {};
}

}  // namespace mirrorctl::plan
