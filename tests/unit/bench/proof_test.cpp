// What it takes until somebody is believed to be the fastest.
#include "model/json/report_json.hpp"
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::proof_test {
namespace {

using support::Answer;

const Image& image() {
    static const Image kImage;
    return kImage;
}

TEST(Proof, ABurstDoesNotWin) {
    World world;
    world.serve("https://steady.test", {.rate = 4e6}, image());
    world.serve("https://burst.test",
                {.on_layer =
                     [](Answer& a) {
                         a.rate_at = [](std::int64_t sent) { return sent < (4 << 20) ? 60e6 : 0.2e6; };
                     }},
                image());
    auto report = world.run(
        World::spec(image(), {World::mirror("https://steady.test"), World::mirror("https://burst.test")}));
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "steady.test") << report_to_json(report);
}

// Sends `first` bytes at one rate, all that follows at another one; bytes per second.
Host falling(std::int64_t first, double fast, double slow) {
    return {.on_layer = [=](Answer& a) {
        a.rate_at = [=](std::int64_t sent) { return sent < first ? fast : slow; };
    }};
}

// Who of two is believed to be the fastest, with all that is said about it.
Measurement fastest_of(const Host& one, const Host& two) {
    World world;
    world.serve("https://one.test", one, image());
    world.serve("https://two.test", two, image());
    auto report = world.run(
        World::spec(image(), {World::mirror("https://one.test"), World::mirror("https://two.test")}));
    return report.upstreams[0].ranking[0];
}

// The usual proof ends before the burst does.
TEST(Proof, ALongBurstIsReadToItsEnd) {
    auto first = fastest_of({.rate = 6.5e6}, falling(6 << 20, 7e6, 0.1e6));
    EXPECT_EQ(first.mirror.url.host, "one.test") << first.reason;
    EXPECT_TRUE(first.confirmed);
}

// A fall is no disgrace: what it fell to counts, and is more than the other one has.
TEST(Proof, WhoFellAndIsStillTheBestIsProven) {
    auto first = fastest_of(falling(1 << 20, 60e6, 7e6), {.rate = 4e6});
    EXPECT_EQ(first.mirror.url.host, "one.test") << first.reason;
    EXPECT_TRUE(first.confirmed);
}

// The bytes in which it fell prove the rate that it fell to, and no higher one.
TEST(Proof, IsOfTheRateThatItFellTo) {
    OneSession session(falling(3 << 20, 60e6, 7e6), image());
    SampleRule rule{.max_bytes = 9 << 19, .enough_bytes = 9 << 19, .min_seconds = 2, .max_seconds = 4};
    session->begin_sample(rule);
    session.go(3);
    ASSERT_EQ(session->samples(), 1);
    EXPECT_TRUE(session->estimate().throttled);
    EXPECT_EQ(session->proof_bytes(), rule.max_bytes);
    rule.max_bytes = 1 << 20;  // as fast again as the first one began
    session->begin_sample(rule);
    session.go(3);
    ASSERT_EQ(session->samples(), 2);
    EXPECT_FALSE(session->estimate().throttled);
    EXPECT_EQ(session->proof_bytes(), rule.max_bytes);
}

// A small rest of the image tells nothing more: on a busy node the first look seemed to fall, and what was
// left of the only large layer was less than a usual proof.
TEST(Proof, WhoseImageIsReadNeedsNoMore) {
    static const Image kSmall(6U << 20U, "six", 300'000);
    int asked = 0;
    Host fast{.on_layer = [&](Answer& a) {
        if (asked++ == 0)
            a.rate_at = [](std::int64_t sent) { return sent < (5 << 18) ? 30e6 : 5e6; };
        else
            a.rate_at = [](std::int64_t) { return 14e6; };
    }};
    World world;
    world.serve("https://fast.test", fast, kSmall);
    world.serve("https://slow.test", {.rate = 3.6e6}, kSmall);
    auto report = world.run(
        World::spec(kSmall, {World::mirror("https://fast.test"), World::mirror("https://slow.test")}));
    const auto& first = report.upstreams[0].ranking[0];
    EXPECT_EQ(first.mirror.url.host, "fast.test") << report_to_json(report);
    EXPECT_TRUE(first.confirmed);
    EXPECT_EQ(first.samples, 2) << "once more for 300 kB";
}

// Under the same tag a tiny image, at the whole line's speed.
TEST(Proof, WhoServesASmallerImageThanOthersIsOut) {
    const Image tiny(200'000, "tiny");
    World world;
    world.serve("https://tiny.test", {.rate = 60e6}, tiny);
    std::vector<Mirror> mirrors{World::mirror("https://tiny.test")};
    for (int i = 0; i < 2; ++i) {
        world.serve(cat("https://m", i, ".test"), {.rate = 6e6 + 1e6 * i}, image());
        mirrors.push_back(World::mirror(cat("https://m", i, ".test")));
    }
    auto spec = World::spec(image(), mirrors);
    spec.profile.upstreams[0].canaries[0].digest = "";
    auto report = world.run(spec);
    const auto& ranking = report.upstreams[0].ranking;
    EXPECT_EQ(ranking[0].mirror.url.host, "m1.test") << report_to_json(report);
    EXPECT_FALSE(ranking[2].usable);
    EXPECT_NE(ranking[2].reason.find("another image"), std::string::npos) << ranking[2].reason;
}

// No layer is as long as a proof: several are.
TEST(Proof, GoesOnWithTheNextLayer) {
    static const Image kLayers(2U << 20U, "many", 2U << 20U, 5);
    World world;
    world.serve("https://fast.test", {.rate = 12e6}, kLayers);
    world.serve("https://slow.test", {.rate = 1e6}, kLayers);
    auto report = world.run(
        World::spec(kLayers, {World::mirror("https://fast.test"), World::mirror("https://slow.test")}));
    const auto& first = report.upstreams[0].ranking[0];
    EXPECT_EQ(first.mirror.url.host, "fast.test") << report_to_json(report);
    EXPECT_TRUE(first.confirmed) << first.reason;
}

// It ended while it fell: how far is not plain, but what came before was a burst.
TEST(Proof, BytesBeforeAFallProveNothing) {
    OneSession session(falling(17 << 18, 5e6, 0.4e6), image());
    session->begin_sample(
        {.max_bytes = 9 << 19, .enough_bytes = 9 << 19, .min_seconds = 3, .max_seconds = 4});
    session.go(1.05);
    ASSERT_GT(session->received(), 17 << 18);
    session->cut_sample(session.world.transport);
    EXPECT_TRUE(session->falls());
    EXPECT_EQ(session->proof_bytes(), 0);
}

// Who got a share of the line, and far more when it had the line for itself, is proven for its share.
TEST(Proof, IsOfNoMoreThanItWasSeenToDo) {
    bool alone = false;
    OneSession session(
        {.on_layer = [&](Answer& a) { a.rate_at = [&](std::int64_t) { return alone ? 9e6 : 3e6; }; }},
        image());
    SampleRule rule{.max_bytes = 9 << 19, .enough_bytes = 9 << 19, .min_seconds = 3, .max_seconds = 4};
    session->begin_sample(rule);
    session.go(4);
    EXPECT_EQ(session->proof_bytes(), rule.max_bytes);
    alone = true;
    session->look_alone();
    rule.max_bytes = 1 << 20;
    session->begin_sample(rule);
    session.go(4);
    EXPECT_GT(session->estimate().rate, 8e6);
    EXPECT_EQ(session->proof_bytes(), 0);
}

// Index, manifest, config, then as many layers as a pull takes: what follows `allowed` of them is `refuse`d.
Report race_beside_one_that_refuses(int allowed, int requests, const std::function<void(Answer&)>& refuse) {
    int asked = 0;
    World world;
    world.serve("https://quick.test",
                {.rate = 9e6,
                 .on_layer =
                     [&](Answer& a) {
                         if (asked++ >= allowed) refuse(a);
                     }},
                image());
    world.serve("https://other.test", {.rate = 4e6}, image());
    auto spec =
        World::spec(image(), {World::mirror("https://quick.test"), World::mirror("https://other.test")});
    spec.profile.policy.budget.requests_per_mirror = requests;
    return world.run(spec);
}

void too_many(Answer& a) {
    a.status = 429;
}

TEST(Proof, WhoRefusesAsManyRequestsAsAPullTakesDoesNotWin) {
    for (int allowed : {1, 2}) {
        auto report = race_beside_one_that_refuses(allowed, 8, too_many);
        const auto& ranking = report.upstreams[0].ranking;
        EXPECT_EQ(ranking[0].mirror.url.host, "other.test") << allowed;
        EXPECT_EQ(ranking[1].fault, Fault::rate_limited) << ranking[1].reason;
    }
    auto report = race_beside_one_that_refuses(3, 8, too_many);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "quick.test");
}

TEST(Proof, WhoCannotBeAskedSoOftenMayWin) {
    auto report = race_beside_one_that_refuses(2, 5, too_many);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "quick.test") << report_to_json(report);
}

// A lost packet, a queue behind what was cut: a silence is no refusal, and is waited for once.
TEST(Proof, WhoDoesNotAnswerOnceMoreMayWin) {
    auto report = race_beside_one_that_refuses(2, 8, [](Answer& a) { a.silent = true; });
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "quick.test") << report_to_json(report);
    EXPECT_LE(report.elapsed_s, 5);
}

// Why the race of two mirrors of 9 and 4 MB/s ended, where `limit` leaves them less than they need.
std::string why_it_ended(const std::function<void(BenchSpec&)>& limit) {
    World world;
    world.serve("https://quick.test", {.rate = 9e6}, image());
    world.serve("https://other.test", {.rate = 4e6}, image());
    auto spec =
        World::spec(image(), {World::mirror("https://quick.test"), World::mirror("https://other.test")});
    limit(spec);
    return world.run(spec).upstreams[0].why;
}

TEST(Proof, WhatItLackedIsSaid) {
    auto says = [](const std::string& why, const std::string& text) {
        EXPECT_NE(why.find(text), std::string::npos) << why;
    };
    says(why_it_ended([](BenchSpec&) {}), "; nobody else could still be more than 5 % faster");
    auto requests = why_it_ended([](auto& s) { s.profile.policy.budget.requests_per_mirror = 3; });
    says(requests, "no speed was measured: not asked any further: 3 requests to quick.test are enough");
    auto bytes = why_it_ended([](auto& s) { s.bytes = 3 << 20; });
    says(bytes, "seen only shortly; no bytes of the budget were left to be certain");
}

// Two proofs run at a time. The slower one is not read to its end while somebody far better waits.
TEST(Proof, WhoIsPlainlyBehindMakesWay) {
    World world;
    world.serve("https://one.test", {.rate = 5.3e6}, image());
    world.serve("https://two.test", {.rate = 5.2e6}, image());
    world.serve("https://late.test", {.first_byte = 0.15, .rate = 14e6}, image());
    auto report =
        world.run(World::spec(image(), {World::mirror("https://one.test"), World::mirror("https://two.test"),
                                        World::mirror("https://late.test")}));
    const auto& ranking = report.upstreams[0].ranking;
    EXPECT_EQ(ranking[0].mirror.url.host, "late.test") << report.upstreams[0].why;
    EXPECT_TRUE(ranking[0].confirmed);
    EXPECT_LT(ranking[2].bytes, 4 << 20) << "its proof was to take 6.5 MiB";
}

// A fall that the end of the time hides is one all the same.
TEST(Proof, WhoFellWhenTheTimeEndedIsNotProven) {
    // A look, its connection, and 3 MiB at 1.2 MB/s are over after 2.9 s.
    for (double seconds = 3.1; seconds <= 3.6; seconds += 0.1) {
        World world;
        world.serve("https://steady.test", {.rate = 0.7e6}, image());
        world.serve("https://burst.test", falling(3 << 20, 1.2e6, 0.1e6), image());
        auto spec =
            World::spec(image(), {World::mirror("https://steady.test"), World::mirror("https://burst.test")});
        spec.seconds = seconds;
        auto report = world.run(spec);
        for (const auto& m : report.upstreams[0].ranking) {
            if (m.mirror.url.host != "burst.test") continue;
            EXPECT_GT(m.bytes, 3 << 20);
            EXPECT_FALSE(m.confirmed && m.predicted_pull_s < 40)
                << seconds << ": " << m.predicted_pull_s << " s told after " << m.bytes << " bytes";
        }
    }
}

// Half a minute and more for a pull is worth some seconds of proof, though they bring little.
TEST(Proof, OfWhoCrawlsOutlastsASmallBurst) {
    auto first = fastest_of({.first_byte = 0.02, .rate = 0.4e6}, falling(1 << 20, 0.6e6, 0.1e6));
    EXPECT_EQ(first.mirror.url.host, "one.test") << first.reason;
}

// All bytes go to bursts before anybody steady could be looked at long enough: there is a reserve.
TEST(Proof, ManyBurstsDoNotUseUpTheBytesForProof) {
    World world;
    std::vector<Mirror> mirrors;
    auto add = [&](const std::string& url, Host host) {
        world.serve(url, std::move(host), image());
        mirrors.push_back(World::mirror(url));
    };
    for (int i = 0; i < 4; ++i)
        add(cat("https://burst", i, ".test"), {.on_layer = [](Answer& a) {
                a.rate_at = [](std::int64_t sent) { return sent < (4 << 20) ? 20e6 : 0.1e6; };
            }});
    for (int i = 0; i < 6; ++i) add(cat("https://steady", i, ".test"), {.rate = 3e6 + i * 1e6});
    auto spec = World::spec(image(), mirrors);
    spec.bytes = 24 << 20;
    auto report = world.run(spec);
    const auto& first = report.upstreams[0].ranking[0];
    EXPECT_TRUE(first.mirror.url.host.starts_with("steady")) << report.upstreams[0].why;
    EXPECT_LE(report.bytes, 24 << 20);
}

}  // namespace
}  // namespace mirrorctl::bench::proof_test
