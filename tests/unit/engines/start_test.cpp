#include "engines/start.hpp"

#include "base/strings.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::start_test {
namespace {

using ::testing::HasSubstr;

sys::Finished shown(const std::string& active, const std::string& sub, int restarts = 0) {
    sys::Finished finished;
    finished.out = cat("ActiveState=", active, "\nSubState=", sub, "\nNRestarts=", restarts,
                       "\nExecMainStartTimestampMonotonic=2500000\n");
    return finished;
}

struct Bench {
    support::FakeRunner runner;
    support::FakeClock clock;
    void say(const sys::Finished& answer) { runner.on({"systemctl", "show"}, answer); }
    UnitStart ask() { return await_start("docker.service", runner, clock); }
};

TEST(AwaitStart, TellsWhenAndHow) {
    Bench bench;
    bench.say(shown("active", "running"));
    auto start = bench.ask();
    EXPECT_EQ(start.state, StartState::up);
    EXPECT_DOUBLE_EQ(start.at, bench.clock.wall() - bench.clock.now() + 2.5);
}

TEST(AwaitStart, WaitsForAnEngineThatIsStillStarting) {
    Bench bench;
    for (int i = 0; i < 5; ++i) bench.say(shown("activating", "start"));
    bench.say(shown("active", "running"));
    auto began = bench.clock.now();
    EXPECT_EQ(bench.ask().state, StartState::up);
    EXPECT_GT(bench.clock.now(), began);
}

TEST(AwaitStart, ButNotForever) {
    Bench bench;
    bench.say(shown("activating", "start"));
    auto began = bench.clock.now();
    EXPECT_EQ(bench.ask().state, StartState::starting) << "slow is not broken";
    EXPECT_LE(bench.clock.now() - began, kAwaitStartSeconds + 1);
}

TEST(AwaitStart, KnowsAUnitThatFails) {
    Bench failed;
    failed.say(shown("failed", "failed"));
    failed.runner.on({"journalctl"}, sys::Finished{.out = "unable to configure the Docker daemon\n"});
    auto start = failed.ask();
    EXPECT_EQ(start.state, StartState::failing);
    EXPECT_THAT(start.log, HasSubstr("unable to configure"));
    Bench again;  // Restart=always and a pause that never meets the start limit
    for (int i = 0; i < 3; ++i) again.say(shown("activating", "auto-restart", i));
    again.say(shown("activating", "start", 3));
    auto began = again.clock.now();
    EXPECT_EQ(again.ask().state, StartState::failing);
    EXPECT_LT(again.clock.now() - began, 5);
}

TEST(AwaitStart, WhatNobodyKnowsIsDown) {
    Bench silent;
    EXPECT_EQ(silent.ask().state, StartState::down);
    EXPECT_EQ(silent.ask().at, 0);
    Bench stopped;
    stopped.say(shown("inactive", "dead"));
    EXPECT_EQ(stopped.ask().state, StartState::down);
}

}  // namespace
}  // namespace mirrorctl::engines::start_test
