#include "engines/activation.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::engines::settle_test {
namespace {

NodeFacts running_node() {
    NodeFacts node{.live = true, .systemd = true};
    node.docker.installed = true;
    node.docker.version = Version{.major = 26};
    node.docker.unit = {.name = "docker.service", .exists = true, .active = true, .kill_mode = "process"};
    node.docker.live = DockerLive{};
    node.containerd.installed = true;
    node.containerd.unit = {
        .name = "containerd.service", .exists = true, .active = true, .kill_mode = "process"};
    return node;
}

Activation wanted(const char* unit, ActivationKind kind) {
    return {.unit = unit, .kind = kind};
}

struct Case {
    const char* name;
    Activation wanted;
    RestartPolicy policy;
    void (*change)(NodeFacts& node);
    ActivationKind kind;
    bool consent;
    bool deferred;
    const char* says;  // part of blocked_by, "" = it is empty
};

constexpr auto kReload = ActivationKind::reload;
constexpr auto kRestart = ActivationKind::restart;
constexpr auto kDaemonReload = ActivationKind::daemon_reload;
constexpr auto kIfSafe = RestartPolicy::if_safe;
const auto kDockerReload = wanted("docker.service", kReload);
const auto kDockerRestart = wanted("docker.service", kRestart);
const auto kContainerdReload = wanted("containerd.service", kReload);
const auto kContainerdRestart = wanted("containerd.service", kRestart);

void nothing(NodeFacts&) {}

class Ladder : public testing::TestWithParam<Case> {};

TEST_P(Ladder, Settles) {
    const auto& c = GetParam();
    auto node = running_node();
    c.change(node);
    auto settled = settle(c.wanted, node, c.policy);
    EXPECT_EQ(settled.kind, c.kind);
    EXPECT_EQ(settled.consent, c.consent);
    EXPECT_EQ(settled.deferred, c.deferred);
    if (*c.says == '\0') {
        EXPECT_EQ(settled.blocked_by, "");
    } else {
        EXPECT_NE(settled.blocked_by.find(c.says), std::string::npos) << settled.blocked_by;
    }
}

const Case kKinds[] = {
    {"none_is_none", wanted("docker.service", ActivationKind::none), RestartPolicy::never, nothing,
     ActivationKind::none, true, false, ""},
    {"docker_reloads", kDockerReload, RestartPolicy::never, nothing, kReload, true, false, ""},
    {"containerd_never_gets_a_hangup", kContainerdReload, kIfSafe, nothing, kRestart, true, false, ""},
    {"old_docker_restarts", kDockerReload, kIfSafe,
     [](NodeFacts& n) { n.docker.version = Version{.major = 17, .minor = 3}; }, kRestart, true, false, ""},
    {"docker_23_keeps_insecure_registries", kDockerReload, kIfSafe,
     [](NodeFacts& n) {
         n.docker.version = Version{.major = 23, .minor = 0, .patch = 6};
         n.docker.live->insecure_registries = true;
     },
     kRestart, true, false, ""},
    {"a_unit_without_reload_restarts", kDockerReload, kIfSafe,
     [](NodeFacts& n) { n.docker.unit.can_reload = false; }, kRestart, true, false, ""},
    {"docker_23_0_7_reloads", kDockerReload, kIfSafe,
     [](NodeFacts& n) {
         n.docker.version = Version{.major = 23, .minor = 0, .patch = 7};
         n.docker.live->insecure_registries = true;
     },
     kReload, true, false, ""},
    {"docker_24_without_insecure_registries_reloads", kDockerReload, kIfSafe,
     [](NodeFacts& n) { n.docker.version = Version{.major = 24}; }, kReload, true, false, ""},
};

const Case kConsent[] = {
    {"idle_docker_restarts", kDockerRestart, kIfSafe, nothing, kRestart, true, false, ""},
    {"never_means_never", kDockerRestart, RestartPolicy::never, nothing, kRestart, false, false,
     "--restart always"},
    {"running_containers_stop_it", kDockerRestart, kIfSafe,
     [](NodeFacts& n) { n.docker.live->containers_running = 2; }, kRestart, false, false,
     "2 running containers would stop"},
    {"one_container_is_singular", kDockerRestart, kIfSafe,
     [](NodeFacts& n) { n.docker.live->containers_running = 1; }, kRestart, false, false,
     "1 running container would stop"},
    {"live_restore_keeps_them", kDockerRestart, kIfSafe,
     [](NodeFacts& n) {
         n.docker.live->containers_running = 2;
         n.docker.live->live_restore = true;
     },
     kRestart, true, false, ""},
    {"a_swarm_wants_consent", kDockerRestart, kIfSafe, [](NodeFacts& n) { n.docker.live->swarm = true; },
     kRestart, false, false, "swarm"},
    {"silent_docker_wants_consent", kDockerRestart, kIfSafe, [](NodeFacts& n) { n.docker.live.reset(); },
     kRestart, false, false, "did not say"},
    {"always_is_consent", kDockerRestart, RestartPolicy::always,
     [](NodeFacts& n) { n.docker.live->containers_running = 9; }, kRestart, true, false, ""},
    {"containerd_with_killmode_process_restarts", kContainerdRestart, kIfSafe,
     [](NodeFacts& n) { n.containerd.shims = 5; }, kRestart, true, false, ""},
    {"containerd_that_kills_its_shims_waits", kContainerdRestart, kIfSafe,
     [](NodeFacts& n) {
         n.containerd.unit.kill_mode = "control-group";
         n.containerd.shims = 5;
     },
     kRestart, false, false, "would end 5 containers"},
    {"containerd_without_shims_restarts", kContainerdRestart, kIfSafe,
     [](NodeFacts& n) { n.containerd.unit.kill_mode = "control-group"; }, kRestart, true, false, ""},
    {"containerd_that_takes_docker_along_waits", kContainerdRestart, kIfSafe,
     [](NodeFacts& n) {
         n.docker.unit.bound_to = {"containerd.service"};
         n.docker.live->containers_running = 1;
     },
     kRestart, false, false, "it restarts docker.service too"},
    {"containerd_that_takes_an_idle_docker_along_restarts", kContainerdRestart, kIfSafe,
     [](NodeFacts& n) { n.docker.unit.bound_to = {"containerd.service"}; }, kRestart, true, false, ""},
    {"an_unknown_unit_is_not_installed", wanted("other.service", kRestart), kIfSafe, nothing, kRestart, true,
     true, "not installed"},
};

const Case kDeferred[] = {
    {"another_root", kDockerReload, RestartPolicy::always, [](NodeFacts& n) { n.live = false; }, kReload,
     true, true, "another root"},
    {"no_systemd", kContainerdReload, kIfSafe, [](NodeFacts& n) { n.systemd = false; }, kRestart, true, true,
     "systemd does not run"},
    {"not_installed", kDockerReload, kIfSafe, [](NodeFacts& n) { n.docker.unit.exists = false; }, kReload,
     true, true, "not installed"},
    {"not_running", kContainerdRestart, kIfSafe, [](NodeFacts& n) { n.containerd.unit.active = false; },
     kRestart, true, true, "takes effect when it starts"},
    {"daemon_reload_needs_no_running_unit", wanted("docker.service", kDaemonReload), RestartPolicy::never,
     [](NodeFacts& n) { n.docker.unit.active = false; }, kDaemonReload, true, false, ""},
    {"daemon_reload_needs_systemd", wanted("docker.service", kDaemonReload), kIfSafe,
     [](NodeFacts& n) { n.systemd = false; }, kDaemonReload, true, true, "systemd does not run"},
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Ladder, testing::ValuesIn(kKinds), case_name);
INSTANTIATE_TEST_SUITE_P(Consent, Ladder, testing::ValuesIn(kConsent), case_name);
INSTANTIATE_TEST_SUITE_P(Deferred, Ladder, testing::ValuesIn(kDeferred), case_name);

TEST(Settle, ForgetsWhatAnEarlierRunDecided) {
    auto earlier = kDockerReload;
    earlier.consent = false;
    earlier.deferred = true;
    earlier.blocked_by = "old";
    EXPECT_EQ(settle(earlier, running_node(), kIfSafe), kDockerReload);
}

TEST(RestartPolicyNames, AreThoseOfTheOption) {
    for (auto policy : {RestartPolicy::never, RestartPolicy::if_safe, RestartPolicy::always})
        EXPECT_EQ(parse_restart_policy(name_of(policy)), policy);
    EXPECT_FALSE(parse_restart_policy("if_safe"));
}

}  // namespace
}  // namespace mirrorctl::engines::settle_test
