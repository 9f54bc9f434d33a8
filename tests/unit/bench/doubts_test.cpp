// Second thoughts: where the best one needs long, those who may have been judged too low are looked at again.
#include "scripted.hpp"
#include "sim_world.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::doubts_test {
namespace {

constexpr double kWaitPerMiB = 0.3;  // seconds

const Image& layered() {
    static const Image kImage(12U << 20U, "layered", 2U << 20U);
    return kImage;
}

// Fetches the whole blob before it serves the first byte of it.
void fetch_first(support::Answer& answer) {
    answer.first_byte += kWaitPerMiB * static_cast<double>(answer.body.size()) / 1048576;
}

const Measurement& of(const Report& report, const std::string& host) {
    const auto& ranking = report.upstreams.at(0).ranking;
    return *std::find_if(ranking.begin(), ranking.end(),
                         [&](const auto& m) { return m.mirror.url.host == host; });
}

Report race_beside_one_that_waits(World& world, double rate) {
    world.serve("https://waits.test", {.rate = 3e6, .on_layer = fetch_first}, layered());
    world.serve("https://other.test", {.rate = rate}, layered());
    return world.run(
        World::spec(layered(), {World::mirror("https://waits.test"), World::mirror("https://other.test")}));
}

TEST(Doubts, WhoWaitsBeforeItServesIsAskedForLessWhereOthersAreSlow) {
    World world;
    auto report = race_beside_one_that_waits(world, 0.5e6);
    const auto& waits = of(report, "waits.test");
    EXPECT_TRUE(waits.usable) << waits.reason;
    EXPECT_TRUE(waits.confirmed);
    EXPECT_NE(waits.reason.find("waits before it serves"), std::string::npos) << waits.reason;
    // 30 MiB at 3 MB/s, behind a wait of 3 s for layers of 10 MiB.
    EXPECT_NEAR(waits.predicted_pull_s, 13.6, 1);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "waits.test");
}

TEST(Doubts, WhoWaitsIsGivenUpWhereOthersAreQuick) {
    World world;
    auto report = race_beside_one_that_waits(world, 20e6);
    const auto& waits = of(report, "waits.test");
    EXPECT_FALSE(waits.usable);
    EXPECT_EQ(waits.fault, Fault::timeout);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "other.test");
    EXPECT_LE(report.elapsed_s, 3);
}

// Nobody else can be used: better one that waits than none.
TEST(Doubts, WhoWaitsIsBetterThanNobody) {
    World world;
    world.serve("https://waits.test", {.rate = 3e6, .on_layer = fetch_first}, layered());
    world.serve("https://dead.test", {.black_hole = true}, layered());
    auto report = world.run(
        World::spec(layered(), {World::mirror("https://waits.test"), World::mirror("https://dead.test")}));
    EXPECT_TRUE(of(report, "waits.test").usable) << of(report, "waits.test").reason;
}

TEST(Doubts, TellsOfEveryCandidateOnce) {
    World world;
    race_beside_one_that_waits(world, 0.5e6);
    int told = 0;
    for (const auto& event : world.observer.events) {
        const auto* done = std::get_if<CandidateFinished>(&event);
        if (done == nullptr || done->measurement.mirror.url.host != "waits.test") continue;
        ++told;
        EXPECT_TRUE(done->measurement.usable) << done->measurement.reason;
    }
    EXPECT_EQ(told, 1);
}

// `squeezed.test` was slow while it was first looked at; a burst shows that the line carries more.
Report race_with_one_squeezed(World& world, double leader) {
    static const Image kImage;
    auto looks = std::make_shared<int>(0);
    world.serve("https://squeezed.test",
                {.on_layer = [looks](support::Answer& a) { a.rate = ++*looks > 1 ? 3e6 : 0.6e6; }}, kImage);
    world.serve("https://leads.test", {.rate = leader}, kImage);
    world.serve("https://burst.test",
                {.on_layer =
                     [](support::Answer& a) {
                         a.rate_at = [](std::int64_t sent) { return sent < (3 << 20) ? 30e6 : 0.1e6; };
                     }},
                kImage);
    return world.run(
        World::spec(kImage, {World::mirror("https://squeezed.test"), World::mirror("https://leads.test"),
                             World::mirror("https://burst.test")}));
}

TEST(Doubts, WhoWasJudgedTooLowIsLookedAtAgain) {
    World world;
    auto report = race_with_one_squeezed(world, 1.2e6);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "squeezed.test") << report.upstreams[0].why;
    EXPECT_TRUE(of(report, "squeezed.test").confirmed);
    EXPECT_NEAR(of(report, "squeezed.test").throughput_bps, 3e6, 0.3e6);
}

TEST(Doubts, ThereAreNoneWhereThePullIsShort) {
    World world;
    auto report = race_with_one_squeezed(world, 8e6);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "leads.test") << report.upstreams[0].why;
    EXPECT_EQ(of(report, "squeezed.test").samples, 1);
}

// `nearly.test` was proven, and nearly as fast as `leads.test`, while others sent, too; `far.test` was only
// looked at shortly.
Report race_with_one_nearly_as_fast(World& world, std::int64_t bytes) {
    static const Image kImage(16U << 20U);
    auto looks = std::make_shared<int>(0);
    world.serve("https://nearly.test",
                {.on_layer = [looks](support::Answer& a) { a.rate = ++*looks > 2 ? 3e6 : 1.15e6; }}, kImage);
    world.serve("https://leads.test", {.rate = 1.2e6}, kImage);
    world.serve("https://far.test", {.rate = 0.47e6}, kImage);
    auto spec = World::spec(kImage, {World::mirror("https://nearly.test"),
                                     World::mirror("https://leads.test"), World::mirror("https://far.test")});
    spec.profile.policy.budget.bytes = bytes;
    return world.run(spec);
}

TEST(Doubts, BeginWithWhoShowedMost) {
    World world;
    auto report = race_with_one_nearly_as_fast(world, 32LL << 20U);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "nearly.test") << report.upstreams[0].why;
    EXPECT_EQ(of(report, "far.test").samples, 1) << "twice as much as it showed would not be enough any more";
}

// Who was read for long is no burst, and needs no bytes for another proof.
TEST(Doubts, WhoWasProvenIsNotProvenAgain) {
    World world;
    auto report = race_with_one_nearly_as_fast(world, 17LL << 20U);
    const auto& nearly = of(report, "nearly.test");
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "nearly.test") << report.upstreams[0].why;
    EXPECT_TRUE(nearly.confirmed);
    EXPECT_EQ(nearly.samples, 3) << "a look, its proof, and a look alone";
    EXPECT_NEAR(nearly.throughput_bps, 3e6, 0.3e6);
}

// A pull of six seconds, on a line that was never seen to carry more than two such flows.
TEST(Doubts, RunSoonerWhereFewFlowsFillTheLine) {
    EXPECT_LE(sim_run(sim_world('K', 20202)).regret, 1.05);
}

// Who leads gains nothing by being looked at once more.
TEST(Doubts, TheLeaderIsNotDoubted) {
    World world;
    auto report = race_with_one_squeezed(world, 3.5e6);
    const auto& leads = of(report, "leads.test");
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "leads.test") << report.upstreams[0].why;
    EXPECT_TRUE(leads.confirmed);
    EXPECT_LE(leads.samples, 2) << "a look and its proof";
}

// A proof that others squeezed for a moment takes most of the line by itself: second thoughts beside it would
// squeeze it again, until it looks throttled.
TEST(Doubts, NoneRunBesideWhoTakesMostOfTheLine) {
    for (unsigned seed : {20113U, 20155U, 20231U})
        EXPECT_LE(sim_run(sim_world('K', seed)).regret, 1.05) << seed;
}

}  // namespace
}  // namespace mirrorctl::bench::doubts_test
