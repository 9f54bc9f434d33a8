// The ranking of another node as one of this node's own.
#include "bench/cache.hpp"
#include "unit/bench/scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::follow_test {
namespace {

constexpr double kNow = 1'800'000'000;
constexpr double kHour = 3600;

CacheKey key() {
    return {.profile_sha256 = "abc", .route = "direct", .machine_id = "m", .network = "n1"};
}

Measurement seen(const std::string& host, double pull_s) {
    Measurement m{.mirror = World::mirror("https://" + host), .usable = pull_s >= 0};
    m.predicted_pull_s = pull_s;
    m.usual_pull_s = pull_s;
    m.fault = pull_s >= 0 ? Fault::none : Fault::connect;
    m.requests = 4;
    return m;
}

Report ranking(double at, const std::vector<Measurement>& list) {
    Report report{.profile = "p", .profile_sha256 = "abc", .taken_at = at, .upstreams = {}};
    report.upstreams.push_back({.name = "docker.io", .ranking = list});
    return report;
}

RankingCache none() {
    RankingCache cache;
    cache.key = key();
    return cache;
}

Freshness freshness(const RankingCache& cache, double now) {
    return decide_freshness(&cache, key(),
                            {.upstreams = {"docker.io"},
                             .current = {{.upstream = "docker.io", .url = "https://a.test/"}},
                             .policy = {},
                             .now = now});
}

TEST(Follow, ItIsAsOldAsItIsAndAsksNobodyUntilThen) {
    auto cache = none();
    auto report = ranking(kNow - 10, {seen("a.test", 3), seen("b.test", 4)});
    follow(cache, report, kNow);
    cache = *cache_from_text(cache_to_text(cache));
    EXPECT_TRUE(freshness(cache, kNow + 60).use_as_is());
    EXPECT_EQ(freshness(cache, kNow + kHour).recheck.size(), 1U) << "the mirror in use is looked at as ever";
    EXPECT_TRUE(freshness(cache, kNow + 23 * kHour).stale.empty());
    EXPECT_EQ(freshness(cache, kNow - 9 + 24 * kHour).stale.size(), 1U);
    EXPECT_TRUE(asked_today(cache.memory, kNow).empty()) << "this node has asked nobody";
    EXPECT_TRUE(cache.failures.empty());
}

TEST(Follow, TwiceIsOnce) {
    auto cache = none();
    for (double at : {kNow - 12 * kHour, kNow}) {
        auto report = ranking(at, {seen("a.test", 3), seen("b.test", at == kNow ? 4 : 6)});
        follow(cache, report, at + 1);
    }
    EXPECT_NEAR(cache.report.upstreams[0].ranking[1].usual_pull_s, 5, 0.1);
    auto text = cache_to_text(cache);
    auto again = ranking(kNow, {seen("a.test", 3), seen("b.test", 4)});
    follow(cache, again, kNow + kHour);
    EXPECT_EQ(cache_to_text(cache), text);
    EXPECT_NEAR(again.upstreams[0].ranking[1].usual_pull_s, 5, 0.1) << "one noisy run decides nothing";
}

TEST(Follow, AnOlderOneTakesThePlaceOfOursButIsNoNewRun) {
    auto ours = ranking(kNow, {seen("b.test", 4)});
    auto cache = merge(none(), key(), ours, {});
    auto theirs = ranking(kNow - kHour, {seen("a.test", 3), seen("b.test", 8)});
    follow(cache, theirs, kNow + 1);
    EXPECT_EQ(cache.measured_at.at("docker.io"), kNow - kHour);
    EXPECT_EQ(cache.raced_at.at("docker.io"), kNow);
    EXPECT_DOUBLE_EQ(theirs.upstreams[0].ranking[1].usual_pull_s, 4);
}

TEST(Follow, AClockThatIsAheadMakesItNoFresher) {
    auto cache = none();
    auto report = ranking(kNow + 300, {seen("a.test", 3)});
    follow(cache, report, kNow);
    EXPECT_TRUE(freshness(cache, kNow + 1).use_as_is());
    EXPECT_EQ(freshness(cache, kNow + 24 * kHour).stale.size(), 1U);
}

TEST(Follow, WhatFailedHereSinceRests) {
    auto ours = ranking(kNow, {seen("a.test", -1), seen("b.test", 4)});
    auto cache = merge(none(), key(), ours, {});
    auto usable = [&](double at, const RankingCache& into) {
        auto copy = into;
        auto report = ranking(at, {seen("a.test", 3), seen("b.test", 4)});
        follow(copy, report, kNow + 2 * kHour);
        std::string hosts;
        for (const auto& m : copy.report.upstreams[0].ranking)
            if (m.usable) hosts += m.mirror.url.host[0];
        return hosts;
    };
    EXPECT_EQ(usable(kNow - kHour, cache), "b") << "before it failed here";
    EXPECT_EQ(usable(kNow + kHour, cache), "ab") << "it serves again, says who looked later";
    auto again = ranking(kNow + 1, {seen("a.test", -1), seen("b.test", 4)});
    EXPECT_EQ(usable(kNow + kHour, merge(cache, key(), again, {})), "b") << "it may fail only here";
    auto nothing = ranking(kNow + 2, {seen("b.test", -1), seen("c.test", 3)});
    EXPECT_EQ(usable(kNow - kHour, merge(cache, key(), nothing, {})), "ab") << "nothing else is left";
}

TEST(Follow, NothingUsableIsNoRanking) {
    auto ours = ranking(kNow, {seen("a.test", 3)});
    auto cache = merge(none(), key(), ours, {});
    auto text = cache_to_text(cache);
    auto dark = ranking(kNow + 10, {seen("a.test", -1)});
    follow(cache, dark, kNow + 20);
    EXPECT_EQ(cache_to_text(cache), text);
}

}  // namespace
}  // namespace mirrorctl::bench::follow_test
