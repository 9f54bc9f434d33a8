// What outlives a ranking: how long failures rest, how mirrors usually are, who was asked how often.
#include "bench/cache.hpp"
#include "bench/ledger.hpp"
#include "model/json/report_json.hpp"
#include "unit/bench/scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::memory_test {
namespace {

constexpr double kNow = 1'800'000'000;
constexpr double kDay = 86400;

Measurement seen(const std::string& host, double pull_s) {
    Measurement m{.mirror = {.url = *parse_url("https://" + host), .operator_name = "Acme"},
                  .usable = pull_s >= 0};
    m.predicted_pull_s = pull_s;
    m.fault = pull_s >= 0 ? Fault::none : Fault::connect;
    m.requests = 4;
    return m;
}

Report ranking(double at, std::vector<Measurement> list) {
    Report report{.profile = "p", .profile_sha256 = "abc", .taken_at = at, .upstreams = {}};
    report.upstreams.push_back({.name = "docker.io", .ranking = std::move(list)});
    return report;
}

CacheKey key(const std::string& network = "n1") {
    return {.profile_sha256 = "abc", .route = "direct", .machine_id = "m", .network = network};
}

TEST(Memory, ATimeIsWhatAllRunsSayTogether) {
    Memory memory;
    auto usual = [&](double at, double pull_s, const std::string& network = "n1") {
        auto report = ranking(at, {seen("a.test", pull_s)});
        remember_times(memory, network, report);
        return report.upstreams[0].ranking[0].usual_pull_s;
    };
    EXPECT_DOUBLE_EQ(usual(kNow, 4), 4);
    EXPECT_DOUBLE_EQ(usual(kNow, 6), 5);
    EXPECT_NEAR(usual(kNow, 8), 6, 1e-9);
    for (int i = 0; i < 20; ++i) usual(kNow, 6);
    EXPECT_NEAR(usual(kNow, 12), 7, 0.05) << "one run of many counts for a sixth";
    EXPECT_DOUBLE_EQ(usual(kNow, 40), 40) << "that is no noise";
    for (int i = 0; i < 20; ++i) usual(kNow, 7);
    EXPECT_DOUBLE_EQ(usual(kNow, 100, "n2"), 100) << "another network is another world";
    EXPECT_GT(usual(kNow + 59 * kDay, 20), 18) << "what was seen two months ago counts for little";
}

TEST(Memory, FailuresRestTwiceAsLongEachTimeUpToEightDays) {
    RankingCache cache;
    double now = kNow;
    for (double days : {1.0, 2.0, 4.0, 8.0, 8.0}) {
        auto report = ranking(now, {seen("good.test", 3), seen("bad.test", -1)});
        cache = merge(std::move(cache), key(), report, {});
        EXPECT_EQ(resting(cache, now + days * kDay - 1).size(), 1U) << days;
        EXPECT_TRUE(resting(cache, now + days * kDay + 1).empty()) << days;
        cache = *cache_from_text(cache_to_text(cache));
        now += days * kDay + 60;
    }
    auto report = ranking(now, {seen("good.test", 3), seen("bad.test", 5)});
    cache = merge(std::move(cache), key(), report, {});
    EXPECT_TRUE(cache.failures.empty());
    report = ranking(now + 1, {seen("good.test", 3), seen("bad.test", -1)});
    cache = merge(std::move(cache), key(), report, {});
    EXPECT_TRUE(resting(cache, now + kDay + 2).empty()) << "a success in between: it begins at the beginning";
}

TEST(Memory, WhatAServerAskedForOutlivesTheProfileAndCountsForTheOriginToo) {
    auto limited = seen("a.test", -1);
    limited.fault = Fault::rate_limited;
    limited.retry_after_s = 3600;
    auto origin = limited;
    origin.is_origin = true;
    origin.mirror.url = *parse_url("https://origin.test");
    auto report = ranking(kNow, {limited, origin});
    auto cache = merge({}, key(), report, {});
    ASSERT_EQ(resting(cache, kNow + 10).size(), 2U) << "although nothing else was usable";
    auto other = key();
    other.profile_sha256 = "edited";
    EXPECT_EQ(resting(rekey(cache, other), kNow + 10).size(), 2U);
    EXPECT_TRUE(resting(rekey(cache, key("n2")), kNow + 10).empty());
    EXPECT_TRUE(resting(cache, kNow + kDay * 2).empty());

    World world;
    Image image;
    world.serve("https://a.test", {}, image);
    world.serve("https://b.test", {}, image);
    auto spec = World::spec(image, {World::mirror("https://a.test"), World::mirror("https://b.test")});
    spec.failures = resting(cache, kNow + 10);
    auto raced = world.run(spec);
    for (const auto& m : raced.upstreams[0].ranking) {
        EXPECT_EQ(m.usable, m.mirror.url.host == "b.test");
        EXPECT_TRUE(m.usable || m.requests == 0);
    }
    spec.profile.upstreams[0].mirrors.pop_back();
    EXPECT_EQ(world.run(spec).requests, 0) << "not even where nothing else is left";
}

TEST(Memory, WhoServesAndWantsARestKeepsWhatIsKnownOfIt) {
    auto waits = seen("a.test", 3);
    waits.retry_after_s = 3600;
    auto report = ranking(kNow, {waits, seen("b.test", 4)});
    auto cache = merge({}, key(), report, {});
    ASSERT_EQ(resting(cache, kNow + 10).size(), 1U);
    cache = *cache_from_text(cache_to_text(cache));

    World world;
    Image image;
    auto spec = World::spec(image, {World::mirror("https://a.test")});
    spec.failures = resting(cache, kNow + 10);
    auto raced = world.run(spec);
    EXPECT_EQ(raced.requests, 0);
    raced.taken_at = kNow + 10;
    cache = merge(std::move(cache), key(), raced, {});
    EXPECT_TRUE(raced.upstreams[0].ranking[0].usable);
    EXPECT_EQ(resting(cache, kNow + 3599).size(), 1U);

    FreshnessInput input{.upstreams = {"docker.io"},
                         .current = {{.upstream = "docker.io", .url = "https://a.test"}},
                         .policy = {},
                         .now = kNow + 3000};
    EXPECT_TRUE(decide_freshness(&cache, key(), input).recheck.empty()) << "nor is it looked at";
    input.now += 1000;
    EXPECT_EQ(decide_freshness(&cache, key(), input).recheck.size(), 1U);
}

TEST(Memory, WhatAServerAskedForOutlastsWhatAnotherRunSaw) {
    RankingCache cache;
    auto limited = seen("a.test", -1);
    limited.retry_after_s = 3600;
    note_look(cache, "docker.io", limited, kNow, {});
    auto began_before = ranking(kNow + 5, {seen("a.test", 3)});
    cache = merge(std::move(cache), cache.key, began_before, {});
    ASSERT_EQ(resting(cache, kNow + 3599).size(), 1U);
    EXPECT_TRUE(resting(cache, kNow + 3599)[0].asked);
    auto after = ranking(kNow + kDay + 1, {seen("a.test", 3)});
    EXPECT_TRUE(merge(std::move(cache), {}, after, {}).failures.empty());
}

TEST(Memory, RequestsInTheDarkAreNotCountedForTheDay) {
    auto dark = seen("a.test", -1);
    dark.fault = Fault::timeout;
    auto report = ranking(kNow, {dark});
    EXPECT_TRUE(merge({}, key(), report, {}).memory.asked.empty());
    auto refuses = seen("b.test", -1);
    refuses.fault = Fault::forbidden;
    report = ranking(kNow, {dark, refuses});
    report.elapsed_s = 5;
    auto cache = merge({}, key(), report, {});
    ASSERT_EQ(cache.memory.asked.size(), 2U) << "there is a network";
    EXPECT_EQ(cache.memory.asked[0].at, kNow + 5);
}

Measurement unasked(const std::string& host) {
    auto m = seen(host, -1);
    m.fault = Fault::budget;
    m.probed = false;
    m.requests = 0;
    return m;
}

TEST(Memory, WhoWasNotAskedKeepsWhatWasKnown) {
    auto report = ranking(kNow, {seen("a.test", 3), seen("b.test", 4)});
    auto cache = merge({}, key(), report, {});
    auto next = ranking(kNow + kDay, {seen("b.test", 4), unasked("a.test")});
    cache = merge(std::move(cache), key(), next, {});
    const auto& first = next.upstreams[0].ranking[0];
    EXPECT_EQ(first.mirror.url.host, "a.test");
    EXPECT_TRUE(first.usable && first.unsure && next.upstreams[0].unsure);
    EXPECT_NE(next.upstreams[0].why.find("a.test was not asked"), std::string::npos);
    EXPECT_EQ(cache.measured_at.at("docker.io"), kNow + kDay);
    for (const auto& check : cache.checks)
        EXPECT_EQ(check.at, check.url == "https://a.test" ? kNow : kNow + kDay) << check.url;
}

TEST(Memory, ARunThatAsksNobodyTeachesNothing) {
    auto report = ranking(kNow, {seen("a.test", 3), seen("b.test", 4)});
    const auto known = merge({}, key(), report, {});
    auto next = ranking(kNow + 2 * kDay, {unasked("b.test"), unasked("a.test")});
    auto cache = merge(known, key(), next, {});
    EXPECT_EQ(report_to_json(cache.report), report_to_json(known.report));
    EXPECT_EQ(cache.measured_at, known.measured_at);
    EXPECT_EQ(cache.raced_at, known.raced_at);
    EXPECT_EQ(cache.checks, known.checks);
    EXPECT_EQ(cache.memory.usual, known.memory.usual);
    EXPECT_TRUE(next.upstreams[0].ranking[0].usable && next.upstreams[0].unsure);
    EXPECT_EQ(next.upstreams[0].ranking[0].mirror.url.host, "a.test");
    next = ranking(kNow + 10 * kDay, {unasked("b.test"), unasked("a.test")});
    cache = merge(known, key(), next, {});
    EXPECT_EQ(cache.measured_at, known.measured_at);
    EXPECT_FALSE(next.upstreams[0].ranking[0].usable) << "that is too long ago";
    EXPECT_FALSE(next.upstreams[0].unsure);
}

TEST(Memory, WhoFailedALookIsNotKept) {
    auto report = ranking(kNow, {seen("a.test", 3), seen("b.test", 4)});
    auto cache = merge({}, key(), report, {});
    forget_check(cache, "docker.io", "https://a.test");
    auto next = ranking(kNow + 60, {seen("b.test", 4), unasked("a.test")});
    cache = merge(std::move(cache), key(), next, {});
    EXPECT_EQ(next.upstreams[0].ranking[0].mirror.url.host, "b.test");
    EXPECT_FALSE(next.upstreams[0].ranking[1].usable);
}

TEST(Memory, OfAVisitOnlyWhatItCostOthersIsKept) {
    auto report = ranking(kNow, {seen("a.test", 3), seen("b.test", 4), seen("c.test", 5)});
    const auto known = merge({}, key(), report, {});
    auto limited = seen("b.test", -1);
    limited.fault = Fault::rate_limited;
    limited.retry_after_s = 600;
    auto read = seen("a.test", 9);
    read.layers_read["sha256:x"] = 4096;
    auto visit = ranking(kNow + 60, {read, limited, seen("c.test", -1)});
    auto cache = note_visit(known, key(), visit, {});
    EXPECT_EQ(report_to_json(cache.report), report_to_json(known.report));
    EXPECT_EQ(cache.measured_at, known.measured_at);
    EXPECT_EQ(cache.memory.usual, known.memory.usual);
    EXPECT_EQ(asked_today(cache.memory, kNow + 61).at("acme"), 24);
    EXPECT_EQ(layers_read(cache.memory, "https://a.test", kNow + 61, kDay).at("sha256:x"), 4096);
    ASSERT_EQ(cache.failures.size(), 1U) << "only what the server itself asked for";
    EXPECT_EQ(cache.failures[0].url, "https://b.test");
    EXPECT_EQ(cache.failures[0].until, kNow + 660);
    EXPECT_TRUE(note_visit(known, key("n2"), visit, {}).failures.empty()) << "it was another address of ours";
}

TEST(Memory, WhatWasReadStaysReadWhenLessIsReadAgain) {
    Memory memory;
    auto read = [&](double at, std::int64_t bytes) {
        auto m = seen("a.test", 3);
        m.layers_read["sha256:x"] = bytes;
        remember_traffic(memory, m, at, kDay);
    };
    auto left = [&](double at) { return layers_read(memory, "https://a.test", at, kDay)["sha256:x"]; };
    read(kNow, 475'405);
    read(kNow + 3600, 184'457);
    EXPECT_EQ(left(kNow + 3601), 475'405);
    EXPECT_EQ(left(kNow + kDay + 1), 475'405) << "its beginning was read an hour later";
    EXPECT_EQ(left(kNow + kDay + 3601), 0);
    read(kNow + 2 * kDay, 1000);
    EXPECT_EQ(left(kNow + 2 * kDay + 1), 1000);
}

TEST(Memory, ADayOfRequestsIsCountedPerOperator) {
    Memory memory;
    remember_traffic(memory, seen("a.test", 3), kNow, kDay);
    remember_traffic(memory, seen("b.test", 3), kNow + 3600, kDay);
    EXPECT_EQ(asked_today(memory, kNow + 2 * 3600).at("acme"), 8);
    EXPECT_EQ(asked_today(memory, kNow + kDay + 60).at("acme"), 4);
    EXPECT_TRUE(may_check(8, 2, 60));
    EXPECT_FALSE(may_check(30, 2, 1800));
    EXPECT_TRUE(may_check(30, 2, 3600)) << "one mirror may be looked at every hour";
    EXPECT_FALSE(may_check(30, 6, 3600)) << "three mirrors of one operator may not";
    EXPECT_FALSE(may_check(49, 2, 1e6)) << "the rest is for a race";
}

TEST(Ledger, TheDayIsALimitForRunsThatNobodyWatches) {
    Ledger ledger(Budget{});
    auto mirror = World::mirror("https://a.test", "Acme");
    ledger.know(mirror, false);
    EXPECT_GT(ledger.room(mirror, false, 0), 10);
    ledger.limit_day({{"acme", kRequestsPerDay - 1}});
    EXPECT_EQ(ledger.room(mirror, false, 0), 1);
    EXPECT_EQ(ledger.refusal(mirror.url, mirror_key(mirror), 0), "");
    ledger.sent(mirror.url, mirror_key(mirror), 0);
    EXPECT_NE(ledger.refusal(mirror.url, mirror_key(mirror), 3600), "");
}

TEST(Memory, AWaitSaidForTheTagIsKeptByAMirrorThatServes) {
    World world;
    Image image;
    Host host;
    host.on_tag = [](support::Answer& answer) {
        answer.status = 429;
        answer.headers.emplace_back("Retry-After", "3600");
    };
    world.serve("https://m.test", host, image);
    auto report = world.run(World::spec(image, {World::mirror("https://m.test", "", Trust::verify)}));
    const auto& m = report.upstreams.at(0).ranking.at(0);
    EXPECT_TRUE(m.usable) << m.reason;
    EXPECT_EQ(m.retry_after_s, 3600);
}

TEST(Memory, AsksNoMoreThanThisRunHasLeftForIt) {
    World world;
    Image image;
    world.serve("https://m.test", {}, image);
    auto mirror = World::mirror("https://m.test", "Acme");
    auto spec = World::spec(image, {mirror});
    spec.asked_in_run[mirror_key(mirror)] = spec.profile.policy.budget.requests_per_mirror - 2;
    EXPECT_EQ(world.run(spec).requests, 2);
    spec.asked_in_run.clear();
    spec.asked_lately.push_back({.operator_name = "acme", .at = world.clock.wall() - 30, .requests = 18});
    auto report = world.run(spec);
    EXPECT_EQ(report.requests, 0);
    EXPECT_NE(report.upstreams.at(0).ranking.at(0).reason.find("18 requests a minute"), std::string::npos);
}

}  // namespace
}  // namespace mirrorctl::bench::memory_test
