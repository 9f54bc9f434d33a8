#include "base/strings.hpp"
#include "engines/activation.hpp"

#include <algorithm>

namespace mirrorctl::engines {
namespace {

bool is_containerd(const std::string& unit) {
    return unit == "containerd.service";
}

bool reload_is_enough(const NodeFacts& node, const std::string& unit) {
    if (is_containerd(unit)) return false;
    if (const auto* facts = find_unit(node, unit); facts && facts->active && !facts->can_reload) return false;
    const auto& version = node.docker.version;
    if (!version || unit != node.docker.unit.name) return true;
    if (*version < Version{.major = 17, .minor = 4}) return false;
    bool loses_insecure = (version->major == 23 && version->minor == 0 && version->patch <= 6) ||
                          (version->major == 24 && version->minor == 0 && version->patch == 0);
    return !(loses_insecure && node.docker.live && node.docker.live->insecure_registries);
}

std::string by_hand(const Activation& wanted) {
    switch (wanted.kind) {
        case ActivationKind::restart:
            return cat("restart ", wanted.unit, " by your own means");
        case ActivationKind::reload:
            return cat("reload ", wanted.unit, " by your own means (SIGHUP)");
        case ActivationKind::daemon_reload:
        case ActivationKind::none:
            break;
    }
    return "nothing to do by hand";
}

// Why nothing can be done now, "" if something can.
std::string deferral(const Activation& wanted, const NodeFacts& node) {
    if (!node.live) return "another root than /: nothing is activated there";
    if (!node.systemd) return cat("systemd does not run here: ", by_hand(wanted));
    if (wanted.kind == ActivationKind::daemon_reload) return "";
    const auto* unit = find_unit(node, wanted.unit);
    if (!unit || !unit->exists) return cat(wanted.unit, " is not installed: takes effect when it starts");
    if (!unit->active) return cat(wanted.unit, " is not running: takes effect when it starts");
    return "";
}

std::optional<std::string> docker_risk(const DockerFacts& docker) {
    if (!docker.live) return "dockerd did not say which containers run";
    if (docker.live->swarm) return "this node is part of a swarm, whose tasks would stop or move";
    auto running = docker.live->containers_running;
    if (running == 0 || docker.live->live_restore) return std::nullopt;
    return cat(running, running == 1 ? " running container would stop" : " running containers would stop");
}

std::optional<std::string> containerd_risk(const NodeFacts& node) {
    const auto& docker = node.docker;
    const auto& containerd = node.containerd;
    if (containerd.unit.kill_mode != "process" && containerd.shims > 0)
        return cat("its KillMode=", containerd.unit.kill_mode, " would end ", containerd.shims,
                   containerd.shims == 1 ? " container" : " containers");
    // docker-ce 18.09 and 19.03 bind docker.service to containerd.service: one restart is two.
    const auto& bound = docker.unit.bound_to;
    bool takes_docker =
        docker.unit.active && std::find(bound.begin(), bound.end(), containerd.unit.name) != bound.end();
    if (!takes_docker) return std::nullopt;
    auto risk = docker_risk(docker);
    if (risk) *risk = cat("it restarts ", docker.unit.name, " too: ", *risk);
    return risk;
}

}  // namespace

std::optional<RestartPolicy> parse_restart_policy(std::string_view text) {
    if (text == "never") return RestartPolicy::never;
    if (text == "if-safe") return RestartPolicy::if_safe;
    if (text == "always") return RestartPolicy::always;
    return std::nullopt;
}

std::string_view name_of(RestartPolicy policy) {
    switch (policy) {
        case RestartPolicy::never:
            return "never";
        case RestartPolicy::if_safe:
            return "if-safe";
        case RestartPolicy::always:
            break;
    }
    return "always";
}

const UnitFacts* find_unit(const NodeFacts& node, const std::string& unit) {
    for (const auto* known : {&node.docker.unit, &node.containerd.unit})
        if (known->name == unit) return known;
    return nullptr;
}

std::optional<std::string> restart_risk(const std::string& unit, const NodeFacts& node) {
    if (unit == node.docker.unit.name) return docker_risk(node.docker);
    if (unit == node.containerd.unit.name) return containerd_risk(node);
    return "it is not known what this unit runs";
}

Activation settle(Activation wanted, const NodeFacts& node, RestartPolicy policy) {
    wanted.consent = true;
    wanted.deferred = false;
    wanted.blocked_by.clear();
    if (wanted.kind == ActivationKind::none) return wanted;
    if (wanted.kind == ActivationKind::reload && !reload_is_enough(node, wanted.unit))
        wanted.kind = ActivationKind::restart;
    wanted.blocked_by = deferral(wanted, node);
    wanted.deferred = !wanted.blocked_by.empty();
    if (wanted.deferred || wanted.kind != ActivationKind::restart || policy == RestartPolicy::always)
        return wanted;
    auto risk = restart_risk(wanted.unit, node);
    if (policy == RestartPolicy::if_safe && !risk) return wanted;
    wanted.consent = false;
    wanted.blocked_by = cat(policy == RestartPolicy::never ? "--restart never" : "--restart if-safe", ": ",
                            risk.value_or("no container would stop"), "; --restart always allows it");
    return wanted;
}

}  // namespace mirrorctl::engines
