// Who is slow, and the end of the time: what was learnt until then counts, and nobody holds up the others.
#include "model/json/report_json.hpp"
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::late_test {
namespace {

const Measurement& of(const Report& report, const std::string& host) {
    const auto& ranking = report.upstreams.at(0).ranking;
    return *std::find_if(ranking.begin(), ranking.end(),
                         [&](const auto& m) { return m.mirror.url.host == host; });
}

// A long way may read a layer to its end, but not when that takes many seconds.
TEST(Late, ALayerThatFitsIsNotReadForEver) {
    const Image image(3U << 20U);
    World world;
    world.serve("https://crawls.test", {.connect = 0.15, .rate = 0.2e6}, image);
    auto report = world.run(World::spec(image, {World::mirror("https://crawls.test")}));
    EXPECT_LE(report.elapsed_s, 7);
    const auto& crawls = of(report, "crawls.test");
    EXPECT_TRUE(crawls.usable) << report_to_json(report);
    EXPECT_NEAR(crawls.throughput_bps, 0.2e6, 0.05e6);
}

TEST(Late, ASampleThatTheEndOfTheTimeCutsCounts) {
    const Image image(12U << 20U);
    World world;
    world.serve("https://m.test", {.connect = 0.1, .rate = 0.3e6}, image);
    auto spec = World::spec(image, {World::mirror("https://m.test")});
    spec.seconds = 1.2;
    auto report = world.run(spec);
    const auto& m = of(report, "m.test");
    EXPECT_TRUE(m.usable) << m.reason;
    EXPECT_GT(m.predicted_pull_s, 0);
    EXPECT_TRUE(m.unsure);
}

// It was good at the gate, and nothing bad is known of it.
TEST(Late, WhoGotNoTimeForASampleStaysUsable) {
    const Image image(12U << 20U);
    World world;
    world.serve("https://m.test", {.on_layer = [](support::Answer& a) { a.first_byte = 0.5; }}, image);
    auto spec = World::spec(image, {World::mirror("https://m.test")});
    spec.seconds = 0.4;
    auto report = world.run(spec);
    const auto& m = of(report, "m.test");
    EXPECT_TRUE(m.usable) << m.reason;
    EXPECT_LT(m.predicted_pull_s, 0);
    EXPECT_EQ(m.samples, 0);
}

}  // namespace
}  // namespace mirrorctl::bench::late_test
