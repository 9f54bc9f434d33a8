#include "engines/control.hpp"

#include "base/strings.hpp"
#include "engines/preflight.hpp"
#include "engines/processes.hpp"

#include <algorithm>

namespace mirrorctl::engines {
namespace {

// Does the plan leave something at `path` that its engine should look at?
bool writes(const Plan& plan, const TargetPath& path) {
    return std::any_of(plan.files.begin(), plan.files.end(),
                       [&](const FileChange& file) { return file.path == path && file.after.present; });
}

}  // namespace

Result<std::string> Control::check_before(const Plan& plan) const {
    const auto& node = session_.node;
    if (!node.live) return std::string();
    std::string note;
    if (writes(plan, node.docker.config_file)) {
        TRY(validate_docker(session_.runner, node.docker, node.docker.config_file));
        if (node.docker.installed && node.docker.version && *node.docker.version < Version{.major = 23})
            note = cat("dockerd ", node.docker.version->text,
                       " cannot validate its file beforehand (23.0 and later can)");
    }
    if (writes(plan, node.containerd.config_file))
        TRY(validate_containerd(session_.runner, node.containerd, node.containerd.config_file));
    return note;
}

Result<DoneActivation> Control::activate(const Activation& activation, Way way) const {
    DoneActivation done{.unit = activation.unit, .kind = activation.kind};
    if (activation.deferred || !activation.consent) {
        done.result = ActivationResult::deferred;
        done.detail = activation.blocked_by;
        return done;
    }
    bool restarts = activation.kind == ActivationKind::restart;
    auto before = restarts ? main_pid(activation.unit, session_) : 0;
    TRY_ASSIGN(done.detail, perform(activation, way, session_.runner, session_.clock));
    if (restarts && before != 0 && main_pid(activation.unit, session_) == before)
        return Failure(
            Error{.code = ErrorCode::activation_failed,
                  .message = cat("cannot restart: ", activation.unit, ": process ", before, " still runs")});
    return done;
}

std::optional<double> Control::started_at(const std::string& unit) const {
    if (!session_.node.live) return std::nullopt;
    auto seconds = engines::started_at(session_.fs, main_pid(unit, session_), session_.clock);
    return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

UnitStart Control::start_of(const std::string& unit) const {
    auto started = started_at(unit);
    return {.state = started ? StartState::up : StartState::down, .at = started.value_or(0)};
}

}  // namespace mirrorctl::engines
