// A node that has no processor to spare: what comes while nobody reads is read late, and all at once. That
// says nothing about the mirror.
#include "bench/pauses.hpp"
#include "bench/stats.hpp"
#include "sim_world.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace mirrorctl::bench::busy_test {
namespace {

TEST(Busy, APauseIsWhatIsLongerThanTheLoopTakes) {
    Pauses pauses;
    EXPECT_EQ(pauses.until(5), 0) << "the loop has not begun";
    pauses.looked(5);
    EXPECT_EQ(pauses.until(5.025), 0) << "it waited for bytes";
    EXPECT_NEAR(pauses.until(5.1), 0.1, 1e-9);
    pauses.looked(5.1);
    EXPECT_NEAR(pauses.until(5.11), 0.1, 1e-9) << "once";
    pauses.looked(5.15);
    EXPECT_NEAR(pauses.until(5.2), 0.2, 1e-9);
}

// 40 MB/s, of which nobody read three times for 80 ms: what came then is in the socket's buffer.
FlowMeter interrupted(bool known) {
    constexpr double kRate = 40e6;
    constexpr double kStep = 0.005;
    constexpr double kPause = 0.08;
    FlowMeter meter;
    meter.begin(0);
    double now = 0;
    double read = 0;
    auto read_on = [&](double bytes, double unread) {
        read += bytes;
        meter.add(now, static_cast<std::int64_t>(bytes), known ? unread : 0);
    };
    auto flow = [&](double seconds) {
        for (double end = now + seconds; now < end - kStep / 2;) now += kStep, read_on(kRate * kStep, 0);
    };
    flow(0.1);
    for (int i = 0; i < 3; ++i) {
        now += kPause;
        read_on(256e3, kPause);
        if (i == 2) break;
        now += kStep;
        read_on(kRate * now - read, 0);
        flow(0.02);
    }
    return meter;
}

TEST(Busy, WhatCameWhileNobodyReadIsNoFall) {
    auto seen = interrupted(true).estimate(0.001);
    EXPECT_FALSE(seen.throttled);
    EXPECT_FALSE(seen.settled) << "more may wait to be read";
    EXPECT_GE(seen.rate, 36e6);
    EXPECT_LE(seen.rate, 1.35 * 40e6) << "what came at once is not believed";
    // A mirror that pauses so often paces itself.
    EXPECT_LT(interrupted(false).estimate(0.001).rate, 30e6);
}

TEST(Busy, TheReportSaysSo) {
    auto world = sim_world('A', 1);
    EXPECT_EQ(sim_run(world).report.upstreams.at(0).why.find("busy"), std::string::npos);
    world.pauses = 0.08;
    auto why = sim_run(world).report.upstreams.at(0).why;
    EXPECT_NE(why.find("this node was busy: mirrorctl got no processor for "), std::string::npos) << why;
}

TEST(Busy, ThePickIsNearTheBestAllTheSame) {
    constexpr unsigned kWorlds = 80;
    int missed = 0;
    for (unsigned seed = 0; seed < kWorlds; ++seed) {
        auto world = sim_world('A', seed);
        world.pauses = 0.03;
        auto run = sim_run(world);
        EXPECT_FALSE(run.pick.empty() || run.throttled) << seed << " " << run.pick;
        missed += run.regret > 1.05 ? 1 : 0;
    }
    printf("busy: %d of %u more than 1.05 times slower than the best\n", missed, kWorlds);
    EXPECT_LE(missed, 12);
}

}  // namespace
}  // namespace mirrorctl::bench::busy_test
