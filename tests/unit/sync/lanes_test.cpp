// Which blob comes next, how many large ones at once, and which place is too slow.
#include "sync/lanes.hpp"

#include "support/fake_transport.hpp"
#include "sync/pace.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sync::lanes_test {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

TEST(LargeAtOnce, TwiceAsManyAsLongAsItPays) {
    LargeAtOnce large(8);
    EXPECT_EQ(large.allowed(), 1U);
    std::int64_t bytes = 0;
    double now = 0;
    auto run = [&](double rate, double seconds) {
        for (double until = now + seconds; now < until; now += 0.1) {
            large.note(now, bytes, true);
            bytes += static_cast<std::int64_t>(rate * 0.1);
        }
    };
    run(1e6, 0.4);
    EXPECT_EQ(large.allowed(), 2U);
    run(2e6, 1.0);
    EXPECT_EQ(large.allowed(), 4U);
    run(4e6, 1.0);
    EXPECT_EQ(large.allowed(), 8U);
    run(4.1e6, 1.0);
    EXPECT_EQ(large.allowed(), 4U) << "the last four brought nothing";
    run(9e6, 20);
    EXPECT_EQ(large.allowed(), 4U);
}

TEST(LargeAtOnce, AFullLineAndOneStreamStayAsTheyAre) {
    LargeAtOnce fast(8), line(8), single(1), idle(8);
    std::int64_t bytes = 0;
    for (int i = 0; i < 200; ++i) {
        bytes += (fast.allowed() == 1 ? 15 : 20) * kMiB;
        fast.note(i * 0.1, bytes, true);
        line.note(i * 0.1, i * kMiB, true);
        single.note(i * 0.1, i * 1000, true);
        idle.note(i * 0.1, i * 1000, false);
    }
    EXPECT_EQ(fast.allowed(), 2U) << "the second one paid, and a third is not worth what a kill would cost";
    EXPECT_EQ(line.allowed(), 1U) << "the second one brought nothing";
    EXPECT_EQ(single.allowed(), 1U);
    EXPECT_EQ(idle.allowed(), 1U) << "what is not used cannot be judged";
}

TEST(Lanes, LargeOnesWaitAndSmallOnesPass) {
    support::FakeClock clock;
    support::FakeTransport transport(clock);
    Loop loop(transport, clock, [] { return false; });
    Lanes lanes(loop, 4);
    lanes.expect(400 * kMiB);
    for (std::size_t i = 0; i < 4; ++i) lanes.add(i, 100 * kMiB);
    for (std::size_t i = 4; i < 7; ++i) lanes.add(i, kMiB);
    std::vector<std::size_t> order;
    std::size_t large = 0, most = 0;
    loop.run(
        [&] {
            loop.parallel(4, 4, [&](std::size_t) {
                while (auto job = lanes.take()) {
                    order.push_back(*job);
                    bool is_large = *job < 4;
                    most = std::max(most, large += is_large ? 1 : 0);
                    loop.sleep(is_large ? 10 : 1);
                    large -= is_large ? 1 : 0;
                    lanes.ended(*job);
                }
            });
        },
        [] {});
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 4, 5, 6, 1, 2, 3}));
    EXPECT_EQ(most, 1U);
}

TEST(Lanes, WhatIsLargeDependsOnTheWhole) {
    support::FakeClock clock;
    support::FakeTransport transport(clock);
    Loop loop(transport, clock, [] { return false; });
    auto at_once = [&](std::int64_t size, std::int64_t total) {
        Lanes lanes(loop, 8);
        lanes.expect(total);
        for (std::size_t i = 0; i < 8; ++i) lanes.add(i, size);
        std::size_t running = 0, most = 0;
        loop.run(
            [&] {
                loop.parallel(8, 8, [&](std::size_t) {
                    auto job = lanes.take();
                    most = std::max(most, ++running);
                    loop.sleep(1);
                    --running;
                    lanes.ended(*job);
                });
            },
            [] {});
        return most;
    };
    EXPECT_EQ(at_once(10 * kMiB, 80 * kMiB), 1U) << "eight that are halfway would be half of all";
    EXPECT_EQ(at_once(10 * kMiB, 80'000 * kMiB), 8U);
    EXPECT_EQ(at_once(kMiB / 4, 2 * kMiB), 8U) << "requests take longer than such bytes";
    EXPECT_EQ(at_once(100 * kMiB, 80'000 * kMiB), 1U);
}

TEST(Lanes, TheNextLargeOneBeginsWhileOneIsStored) {
    support::FakeClock clock;
    support::FakeTransport transport(clock);
    Loop loop(transport, clock, [] { return false; });
    Lanes lanes(loop, 4);
    lanes.expect(400 * kMiB);
    for (std::size_t i = 0; i < 2; ++i) lanes.add(i, 100 * kMiB);
    std::vector<double> began;
    loop.run(
        [&] {
            loop.parallel(2, 2, [&](std::size_t) {
                auto job = lanes.take();
                began.push_back(loop.now());
                loop.sleep(10);
                lanes.was_read(*job);
                loop.sleep(30);
                lanes.ended(*job);
            });
        },
        [] {});
    ASSERT_EQ(began.size(), 2U);
    EXPECT_NEAR(began[1] - began[0], 10, 0.2);
}

TEST(Lanes, WhatSmallOnesBringIsNoReasonForMoreOrFewer) {
    support::FakeClock clock;
    support::FakeTransport transport(clock);
    Loop loop(transport, clock, [] { return false; });
    Lanes lanes(loop, 4);
    lanes.expect(400 * kMiB);
    for (std::size_t i = 0; i < 3; ++i) lanes.add(i, 100 * kMiB);
    lanes.add(3, kMiB);
    std::size_t begun = 0;
    loop.run(
        [&] {
            loop.parallel(4, 4, [&](std::size_t) {
                while (auto job = lanes.take()) {
                    ++begun;
                    loop.sleep(*job == 3 ? 5 : 50);
                    if (*job == 3) {
                        EXPECT_EQ(begun, 2U) << "judged while the small one was under way";
                    }
                    lanes.ended(*job);
                }
            });
        },
        [&] { lanes.note(loop.now(), static_cast<std::int64_t>(loop.now() * 1e6)); });
    EXPECT_EQ(begun, 4U);
}

TEST(ShownRates, FarBelowWhatAnotherHasShown) {
    ShownRates rates;
    EXPECT_TRUE(rates.far_better(1000, {"new"})) << "next to nothing: anybody may be better";
    EXPECT_FALSE(rates.far_better(1000, {})) << "nobody else";
    EXPECT_FALSE(rates.far_better(100'000, {"new"}));
    rates.note("fast", 1e6);
    EXPECT_TRUE(rates.far_better(100'000, {"fast"}));
    EXPECT_FALSE(rates.far_better(200'000, {"fast"})) << "slower, but not far";
    rates.note("new", 900);
    EXPECT_FALSE(rates.far_better(1000, {"new"})) << "that one has shown that it is no better";
}

TEST(Pace, OurOwnRestsDoNotCount) {
    Pace pace;
    pace.begin(100);
    EXPECT_FALSE(pace.take(100'000, 101));
    pace.rest(101);
    EXPECT_FALSE(pace.take(0, 190));
    pace.go_on(191);
    auto rate = pace.take(400'000, 195.5);
    ASSERT_TRUE(rate);
    EXPECT_NEAR(*rate, 500'000 / 5.5, 1);
    EXPECT_FALSE(pace.end(196)) << "too little since";
    EXPECT_FALSE(pace.take(600'000, 196.5));
    EXPECT_NEAR(pace.end(197.5).value_or(0), 300'000, 1);
}

}  // namespace
}  // namespace mirrorctl::sync::lanes_test
