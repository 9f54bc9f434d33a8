// Who is slow, and the end of the time: what was learnt until then counts, and nobody holds up the others.
#include "model/json/report_json.hpp"
#include "scripted.hpp"
#include "sim_world.hpp"

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

// The same silent token server for all of them: who waited for it tells the others.
TEST(Late, ASilentTokenServerIsWaitedForOnce) {
    const Image image;
    World world;
    world.transport.on("https://auth.test/*", support::Answer{.silent = true});
    std::vector<Mirror> mirrors{World::mirror("https://m.test")};
    world.serve("https://m.test", {}, image);
    for (int i = 0; i < 6; ++i) {
        auto url = cat("https://wants", i, ".test");
        world.serve(url, {.token_realm = "https://auth.test/t"}, image);
        mirrors.push_back(World::mirror(url));
    }
    auto report = world.run(World::spec(image, mirrors));
    EXPECT_EQ(world.transport.count("https://auth.test/"), 1U);
    EXPECT_LE(report.elapsed_s, 4);
    for (const auto& m : report.upstreams[0].ranking) {
        if (m.mirror.url.host == "m.test") continue;
        EXPECT_EQ(m.fault, Fault::timeout);
        EXPECT_NE(m.reason.find("a token"), std::string::npos) << m.reason;
    }
}

// Headers at once, then a byte now and then: never silent, and far too slow.
TEST(Late, WhoDripsAtTheGateHoldsUpNobody) {
    const Image image;
    World world;
    auto drip = [](support::Answer& a) {
        a.rate = 100;
        a.piece = 40;
    };
    world.serve("https://drips.test", {.on_index = drip, .on_manifest = drip}, image);
    std::vector<Mirror> mirrors{World::mirror("https://drips.test")};
    for (int i = 0; i < 3; ++i) {
        world.serve(cat("https://m", i, ".test"), {.rate = 8e6}, image);
        mirrors.push_back(World::mirror(cat("https://m", i, ".test")));
    }
    auto report = world.run(World::spec(image, mirrors));
    EXPECT_LE(report.elapsed_s, 3.5);
    const auto& drips = of(report, "drips.test");
    EXPECT_EQ(drips.fault, Fault::stalled) << drips.reason;
    EXPECT_NE(drips.reason.find("the manifest"), std::string::npos) << drips.reason;
}

// It was to be asked once more, with more patience, and the budgets do not allow that.
TEST(Late, WhoWaitsAndIsNotAskedAgainStaysRejected) {
    OneSession session({.on_layer = [](support::Answer& a) { a.first_byte = 4; }}, Image());
    session->begin_sample({.max_bytes = 1 << 20, .enough_bytes = 1 << 20});
    session.go(1);
    session->expire(session.world.transport, {.fault = Fault::timeout, .reason = "waits"});
    ASSERT_TRUE(session->waited_in_vain());
    session->wait_longer(3);
    session->close();
    EXPECT_FALSE(session->usable());
    EXPECT_EQ(session->verdict().fault, Fault::timeout);
    EXPECT_FALSE(session->waited_in_vain()) << "once is enough";
}

// A layer of some kilobytes shows no speed, wherever it stands.
TEST(Late, WhoWaitsIsAskedForTheSmallestLayerThatTells) {
    for (auto [first, others] : {std::pair{100U << 10U, 2U << 20U}, std::pair{12U << 20U, 2U << 20U}}) {
        const Image image(first, "mixed", others);
        OneSession session({.rate = 3e6}, image);
        session->wait_longer(3);
        session->begin_sample({.max_bytes = 4 << 20, .enough_bytes = 4 << 20});
        EXPECT_NE(session->next()->url.str().find(sha256_digest(image.small_layers[0])), std::string::npos);
    }
}

// Its first look was ended because it cannot win any more: it gets no proof instead, and nobody else does
// because of it.
TEST(Late, WhoComesTooLateIsNotLookedAtAgain) {
    for (unsigned seed : {9U, 34U, 44U}) {
        auto run = sim_run(sim_world('F', seed));
        EXPECT_LE(run.seconds, 1.8) << seed;
        EXPECT_LE(run.regret, 1.05) << seed;
    }
    // Slow, and no slow start: "it may still grow" is no reason either.
    EXPECT_LE(sim_run(sim_world('D', 16)).seconds, 2.8);
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

TEST(Late, NoTimeAtAllIsNobodysFault) {
    const Image image;
    World world;
    world.serve("https://m.test", {}, image);
    auto spec = World::spec(image, {World::mirror("https://m.test")});
    spec.seconds = 0;
    auto report = world.run(spec);
    EXPECT_EQ(report.requests, 0);
    EXPECT_EQ(of(report, "m.test").fault, Fault::budget);
    EXPECT_EQ(report.upstreams[0].why, "nobody was asked");
}

TEST(Late, WhoHadNoTimeToAnswerDidNotFail) {
    const Image image;
    World world;
    world.serve("https://a.test", {.connect = 0.002, .first_byte = 0.002, .rate = 80e6}, image);
    world.serve("https://late.test", {.connect = 0.06, .first_byte = 0.06}, image);
    world.serve("https://silent.test", {.silent = true}, image);
    auto spec = World::spec(image, {World::mirror("https://a.test"), World::mirror("https://late.test"),
                                    World::mirror("https://silent.test")});
    spec.seconds = 0.3;
    auto report = world.run(spec);
    EXPECT_EQ(of(report, "late.test").fault, Fault::budget);
    EXPECT_EQ(of(report, "silent.test").fault, Fault::budget);
    EXPECT_TRUE(report.upstreams[0].unsure);
    EXPECT_EQ(report.upstreams[0].why.find("the only one"), std::string::npos) << report.upstreams[0].why;
}

TEST(Late, APatienceThatTheProfileAllowsIsEnough) {
    const Image image;
    World world;
    world.serve("https://silent.test", {.silent = true}, image);
    auto spec = World::spec(image, {World::mirror("https://silent.test")});
    spec.seconds = 1;
    auto hasty = world.run(spec);
    EXPECT_EQ(of(hasty, "silent.test").fault, Fault::budget);
    EXPECT_NE(of(hasty, "silent.test").reason.find("allows no more"), std::string::npos);
    spec.profile.policy.budget.seconds = 1;
    EXPECT_EQ(of(world.run(spec), "silent.test").fault, Fault::timeout);
}

}  // namespace
}  // namespace mirrorctl::bench::late_test
