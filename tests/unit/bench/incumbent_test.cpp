#include "bench/incumbent.hpp"

#include "base/strings.hpp"
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::incumbent_test {
namespace {

constexpr double kNow = 1'800'000'000;
constexpr double kTtl = 86400;

CacheKey key() {
    return {.profile_sha256 = "abc", .route = "direct", .machine_id = "m1", .network = "home"};
}

Measurement entry(const std::string& host, double pull_s) {
    Measurement m{.mirror = World::mirror("https://" + host), .usable = pull_s >= 0};
    m.predicted_pull_s = pull_s;
    m.confirmed = m.probed = true;
    return m;
}

Report race_of(double at, const std::vector<Measurement>& ranking) {
    Report report{
        .profile = "test", .profile_sha256 = "abc", .taken_at = at, .route = "direct", .upstreams = {}};
    report.upstreams.push_back({.name = "docker.io", .ranking = ranking});
    return report;
}

Policy policy() {
    Policy policy;
    policy.ttl = kTtl;
    policy.switch_margin = 0.2;
    return policy;
}

// Two races of all: a.test is in use, b.test a little slower.
RankingCache known() {
    RankingCache cache;
    for (double at : {kNow - 2 * kTtl, kNow - kTtl}) {
        auto report = race_of(at, {entry("a.test", 5.0), entry("b.test", 6.0), entry("c.test", -1)});
        cache = merge(std::move(cache), key(), report, policy());
    }
    return cache;
}

FreshnessInput input(double now = kNow) {
    return {.upstreams = {"docker.io"},
            .current = {{.upstream = "docker.io", .url = "https://a.test"}},
            .policy = policy(),
            .now = now};
}

Profile profile() {
    return World::spec(Image(1U << 20U), {World::mirror("https://a.test"), World::mirror("https://b.test"),
                                          World::mirror("https://c.test")})
        .profile;
}

bool may(const RankingCache& cache, const FreshnessInput& in, const CacheKey& with = key()) {
    return !may_confirm(cache, with, in).empty();
}

TEST(Incumbent, NeedsAHistoryHereAndARaceNotLongAgo) {
    EXPECT_TRUE(may(known(), input()));
    EXPECT_FALSE(may({}, input()));
    auto elsewhere = key();
    elsewhere.network = "cafe";
    EXPECT_FALSE(may(known(), input(), elsewhere));
    auto late = kNow - kTtl + kTtlsBetweenRaces * kTtl;
    EXPECT_TRUE(may(known(), input(late - 1)));
    EXPECT_FALSE(may(known(), input(late))) << "a challenger may have become faster";
    EXPECT_FALSE(may(known(), input(kNow - 3 * kTtl))) << "the clock was set back";
    auto nobody = input();
    nobody.current.clear();
    EXPECT_FALSE(may(known(), nobody));
    auto failed = input();
    failed.current.push_back({.upstream = "docker.io", .url = "https://c.test"});
    EXPECT_FALSE(may(known(), failed)) << "one of those in use was not usable";
    auto dark = known();
    auto nobody_served = race_of(kNow - 60, {entry("a.test", -1)});
    dark = merge(std::move(dark), key(), nobody_served, policy());
    EXPECT_FALSE(may(dark, input())) << "nobody served in the last run";
    RankingCache once;
    auto report = race_of(kNow - kTtl, {entry("a.test", 5.0)});
    once = merge(std::move(once), key(), report, policy());
    EXPECT_FALSE(may(once, input())) << "one run is no history";
}

TEST(Incumbent, OnlyTheMirrorsInUseAreAsked) {
    auto spec = for_incumbents({.profile = profile()}, {"docker.io"}, input().current);
    ASSERT_EQ(spec.profile.upstreams[0].mirrors.size(), 1U);
    EXPECT_EQ(spec.profile.upstreams[0].mirrors[0].url.host, "a.test");
    EXPECT_EQ(spec.profile.upstreams[0].fallback, Fallback::none);
    EXPECT_LT(*spec.bytes, profile().policy.budget.bytes);
}

TEST(Incumbent, HoldsWithinTheMargin) {
    struct Case {
        double pull_s;
        bool holds;
    };
    for (auto [pull_s, holds] :
         {Case{5.0, true}, Case{5.9, true}, Case{3.0, true}, Case{6.2, false}, Case{-1, false}}) {
        auto report = race_of(kNow, {entry("a.test", pull_s)});
        auto confirmed = confirmed_of(report, known(), input(), profile());
        EXPECT_EQ(!confirmed.empty(), holds) << pull_s;
        EXPECT_EQ(report.upstreams.size(), holds ? 1U : 0U);
    }
    auto unsure = race_of(kNow, {entry("a.test", 5.0)});
    unsure.upstreams[0].ranking[0].confirmed = false;
    EXPECT_TRUE(confirmed_of(unsure, known(), input(), profile()).empty());
}

TEST(Incumbent, WhatWasKnownOfTheOthersStaysAndTheNextRaceComes) {
    auto cache = known();
    auto report = race_of(kNow, {entry("a.test", 5.2)});
    ASSERT_EQ(confirmed_of(report, cache, input(), profile()).size(), 1U);
    auto raced = cache.raced_at.at("docker.io");
    cache = merge_confirmed(std::move(cache), key(), report, policy());
    EXPECT_EQ(cache.raced_at.at("docker.io"), raced) << "this was no race of all";
    EXPECT_EQ(cache.measured_at.at("docker.io"), kNow);
    EXPECT_TRUE(decide_freshness(&cache, key(), input(kNow + 10)).stale.empty());
    const auto& ranking = cache.report.upstreams.at(0).ranking;
    ASSERT_EQ(ranking.size(), 3U);
    EXPECT_EQ(ranking[0].mirror.url.host, "a.test");
    EXPECT_EQ(ranking[1].mirror.url.host, "b.test");
    EXPECT_DOUBLE_EQ(ranking[1].predicted_pull_s, 6.0);
    EXPECT_FALSE(ranking[2].usable);
    auto again = cache_from_text(cache_to_text(cache));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->raced_at, cache.raced_at);
}

// The run itself, on fake time: one mirror, a few requests, no byte to anybody else.
TEST(Incumbent, TheRunAsksNobodyElse) {
    World world;
    Image image;
    for (const auto* host : {"https://a.test", "https://b.test"}) world.serve(host, {.rate = 8e6}, image);
    auto spec = World::spec(image, {World::mirror("https://a.test"), World::mirror("https://b.test")});
    auto report = world.run(for_incumbents(spec, {"docker.io"}, input().current));
    EXPECT_EQ(world.transport.count("https://b.test"), 0U);
    EXPECT_LE(world.transport.count("https://a.test"), 6U);
    EXPECT_LE(report.elapsed_s, 1.5);
    EXPECT_LE(report.bytes, 6LL << 20U);
    ASSERT_EQ(report.upstreams.at(0).ranking.size(), 1U);
    EXPECT_TRUE(report.upstreams[0].ranking[0].confirmed);
}

TEST(Incumbent, WhatItShowedAloneCountsWhereTheRaceCouldNotAskItEnough) {
    auto alone = race_of(kNow, {entry("a.test", 7.0)});
    auto cut = entry("a.test", -1);
    cut.fault = Fault::budget;
    cut.requests = 3;
    auto raced = race_of(kNow, {entry("b.test", 8.0), cut});
    keep_alone(raced, alone);
    const auto& first = raced.upstreams[0].ranking[0];
    EXPECT_EQ(first.mirror.url.host, "a.test");
    EXPECT_TRUE(first.usable);
    EXPECT_EQ(first.requests, 3) << "those of the look before are counted already";
    alone.upstreams[0].ranking[0].confirmed = false;
    raced = race_of(kNow, {entry("b.test", 8.0), cut});
    keep_alone(raced, alone);
    EXPECT_EQ(raced.upstreams[0].ranking[0].predicted_pull_s, 7) << "newer than what earlier runs saw";
    auto broken = entry("a.test", -1);
    broken.fault = Fault::forbidden;
    raced = race_of(kNow, {entry("b.test", 8.0), broken});
    keep_alone(raced, alone);
    EXPECT_FALSE(raced.upstreams[0].ranking[1].usable) << "the race saw more than too little";
}

}  // namespace
}  // namespace mirrorctl::bench::incumbent_test
