#include "engines/activation.hpp"
#include "engines/control.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::perform_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Perform : testing::Test {
    support::FakeRunner runner;
    support::FakeClock clock;
    Activation restart{.unit = "docker.service", .kind = ActivationKind::restart};
    Activation reload{.unit = "docker.service", .kind = ActivationKind::reload};

    std::vector<std::string> asked() const {
        std::vector<std::string> lines;
        for (const auto& call : runner.calls) lines.push_back(join(call.argv, " "));
        return lines;
    }
    void state(const char* word, int status) {
        runner.on({"systemctl", "is-active"}, {.exit_status = status, .out = cat(std::string(word), "\n")});
    }
};

TEST_F(Perform, ARestartResetsTheStartLimitFirst) {
    runner.on({"systemctl"}, sys::Finished{});
    state("active", 0);
    ASSERT_TRUE(perform(restart, Way::back, runner, clock));
    EXPECT_THAT(asked(),
                ElementsAre("systemctl reset-failed docker.service docker.socket",
                            "systemctl restart docker.service", "systemctl is-active docker.service"));
}

TEST_F(Perform, AReloadDoesNothingElse) {
    runner.on({"systemctl"}, sys::Finished{});
    state("active", 0);
    ASSERT_TRUE(perform(reload, Way::forward, runner, clock));
    EXPECT_THAT(asked(),
                ElementsAre("systemctl reload docker.service", "systemctl is-active docker.service"));
}

TEST_F(Perform, OnTheWayBackADeadUnitIsStarted) {
    runner.on({"systemctl"}, sys::Finished{});
    state("failed", 3);
    state("active", 0);
    ASSERT_TRUE(perform(reload, Way::back, runner, clock));
    EXPECT_THAT(asked(),
                ElementsAre("systemctl is-active docker.service",
                            "systemctl reset-failed docker.service docker.socket",
                            "systemctl restart docker.service", "systemctl is-active docker.service"));
}

TEST_F(Perform, AFailureShowsTheLastLogLinesPrintable) {
    runner.on({"systemctl"}, sys::Finished{});
    runner.on({"systemctl", "restart"}, {.exit_status = 1, .err = "Job for docker.service failed.\n"});
    runner.on({"journalctl"}, {.out = "line one\n\x1b[31munable to configure: http://u:secret@p\n"});
    auto done = perform(restart, Way::forward, runner, clock);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::activation_failed);
    EXPECT_THAT(done.error().message, HasSubstr("Job for docker.service failed."));
    EXPECT_THAT(done.error().message, HasSubstr("unable to configure"));
    EXPECT_THAT(done.error().message, Not(HasSubstr("\x1b")));
    EXPECT_THAT(done.error().message, Not(HasSubstr("secret")));
    EXPECT_EQ(runner.count({"systemctl", "restart"}), 1U);
}

TEST_F(Perform, WaitsForAUnitThatComesUpSlowly) {
    runner.on({"systemctl"}, sys::Finished{});
    state("activating", 3);
    state("activating", 3);
    state("active", 0);
    ASSERT_TRUE(perform(restart, Way::forward, runner, clock));
    EXPECT_EQ(clock.sleeps.size(), 2U);
}

TEST_F(Perform, GivesUpOnAUnitThatNeverComesUp) {
    runner.on({"systemctl"}, sys::Finished{});
    state("activating", 3);
    auto done = perform(restart, Way::forward, runner, clock);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("it is activating"));
    EXPECT_LT(clock.now(), 1000.0 + 60);
}

TEST_F(Perform, ATimeoutIsAFailure) {
    runner.on({"systemctl"}, sys::Finished{});
    runner.on({"systemctl", "restart"}, {.exit_status = 137, .timed_out = true});
    auto done = perform(restart, Way::forward, runner, clock);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("no result after"));
}

TEST_F(Perform, WhatIsNotAllowedIsNotRun) {
    restart.consent = false;
    EXPECT_FALSE(perform(restart, Way::forward, runner, clock));
    EXPECT_TRUE(runner.calls.empty());
}

struct ControlTest : Perform {
    support::MemFs fs;
    NodeFacts node{.live = true, .systemd = true};
    Control control() { return Control({.node = node, .fs = fs, .runner = runner, .clock = clock}); }
    void pid(const char* number) {
        runner.on({"systemctl", "show"},
                  {.out = cat("Id=docker.service\nLoadState=loaded\nActiveState=active\nMainPID=",
                              std::string(number), "\n")});
    }
};

TEST_F(ControlTest, ADeferredActivationIsAResult) {
    restart.deferred = true;
    restart.blocked_by = "not running";
    auto done = control().activate(restart, Way::forward);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->result, ActivationResult::deferred);
    EXPECT_EQ(done->detail, "not running");
    EXPECT_TRUE(runner.calls.empty());
}

TEST_F(ControlTest, ARestartThatKeepsTheProcessIsNone) {
    runner.on({"systemctl"}, sys::Finished{});
    state("active", 0);
    pid("7");
    auto same = control().activate(restart, Way::forward);
    ASSERT_FALSE(same);
    EXPECT_THAT(same.error().message, HasSubstr("process 7 still runs"));
}

TEST_F(ControlTest, ARestartWithANewProcessIsDone) {
    runner.on({"systemctl"}, sys::Finished{});
    state("active", 0);
    pid("7");
    pid("8");
    auto done = control().activate(restart, Way::forward);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->result, ActivationResult::done);
}

TEST_F(ControlTest, TellsWhenAUnitStarted) {
    pid("7");
    EXPECT_EQ(control().started_at("docker.service"), std::nullopt);
    fs.put("/proc/stat", "cpu 1\nbtime 1700000000\n");
    fs.put("/proc/7/stat", "7 (dockerd) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 0 1 1\n");
    EXPECT_EQ(control().started_at("docker.service"), 1700000000.0);
}

Plan plan_for(const TargetPath& path) {
    Plan plan;
    plan.files.push_back({.path = path,
                          .resolved = path,
                          .target = "t",
                          .before = {},
                          .after = {.present = true, .bytes = "{}"}});
    return plan;
}

TEST_F(ControlTest, DockerdValidatesWithItsOwnFlags) {
    node.docker.installed = true;
    node.docker.dockerd = "/usr/bin/dockerd";
    node.docker.version = Version{.major = 24};
    node.docker.flags = {{"-H=fd://", "unit"},
                         {"--config-file=/etc/docker/daemon.json", "unit"},
                         {"--debug", "/proc/3/cmdline"}};
    runner.on(
        {"/usr/bin/dockerd"},
        {.exit_status = 1,
         .err =
             "warning\nunable to configure the Docker daemon: specified both as a flag and in the file\n"});
    auto checked = control().check_before(plan_for(node.docker.config_file));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::check_failed);
    EXPECT_THAT(checked.error().message, HasSubstr("both as a flag"));
    EXPECT_THAT(asked(),
                ElementsAre("/usr/bin/dockerd --validate --config-file=/etc/docker/daemon.json -H=fd://"));
}

TEST_F(ControlTest, AnOldDockerdCannotBeAsked) {
    node.docker.installed = true;
    node.docker.dockerd = "/usr/bin/dockerd";
    node.docker.version = Version{.major = 20, .minor = 10, .text = "20.10.24"};
    auto checked = control().check_before(plan_for(node.docker.config_file));
    ASSERT_TRUE(checked);
    EXPECT_THAT(*checked, HasSubstr("20.10.24"));
    EXPECT_TRUE(runner.calls.empty());
}

TEST_F(ControlTest, InAnotherRootNothingIsExecuted) {
    node.live = false;
    node.docker.dockerd = "/usr/bin/dockerd";
    node.docker.version = Version{.major = 24};
    node.containerd.binary = "/usr/bin/containerd";
    EXPECT_TRUE(control().check_before(plan_for(node.docker.config_file)));
    EXPECT_TRUE(control().check_before(plan_for(node.containerd.config_file)));
    EXPECT_EQ(control().started_at("docker.service"), std::nullopt);
    EXPECT_TRUE(runner.calls.empty());
}

TEST_F(ControlTest, ContainerdsCriWouldNotSurviveBothForms) {
    node.containerd.binary = "/usr/bin/containerd";
    runner.on({"/usr/bin/containerd"},
              {.out = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
                      "\"/etc/containerd/certs.d\"\n"
                      "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
                      "[\"https://m\"]\n"});
    auto checked = control().check_before(plan_for(node.containerd.config_file));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::conflict);
    EXPECT_THAT(checked.error().message, HasSubstr("docker.io"));
}

}  // namespace
}  // namespace mirrorctl::engines::perform_test
