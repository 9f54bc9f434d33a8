// Stats, score, ledger: pure parts.
#include "bench/ledger.hpp"
#include "bench/score.hpp"
#include "bench/stats.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace mirrorctl::bench::parts_test {
namespace {

FlowMeter flow(double seconds, const std::function<double(double)>& rate_at) {
    FlowMeter meter;
    meter.begin(0);
    constexpr double kStep = 0.005;
    for (double t = kStep; t <= seconds; t += kStep)
        meter.add(t, static_cast<std::int64_t>(rate_at(t) * kStep));
    return meter;
}

TEST(FlowMeter, SteadyFlow) {
    auto estimate = flow(0.5, [](double) { return 4e6; }).estimate(0.02);
    EXPECT_NEAR(estimate.rate, 4e6, 2e5);
    EXPECT_FALSE(estimate.growing);
    EXPECT_FALSE(estimate.throttled);
    EXPECT_LT(estimate.low, estimate.rate);
    EXPECT_GT(estimate.high, estimate.rate);
}

TEST(FlowMeter, SlowStartIsSeenAsGrowing) {
    auto estimate = flow(0.9, [](double t) { return 80e3 * std::pow(2.0, t / 0.18); }).estimate(0.18);
    EXPECT_TRUE(estimate.growing);
    EXPECT_GT(estimate.high, 3 * estimate.rate);
}

TEST(FlowMeter, SlowStartOfALongWayIsJudgedByItsLastRoundTrip) {
    constexpr double kTrip = 0.2;
    auto seen = flow(7 * kTrip, [](double at) {
                    return kInitialWindow / kTrip * std::exp2(std::floor(at / kTrip + 1e-9));
                }).estimate(kTrip);
    double last = kInitialWindow / kTrip * std::exp2(6);
    EXPECT_TRUE(seen.growing);
    EXPECT_NEAR(seen.rate, last, 0.1 * last);
    EXPECT_GT(seen.high, 4 * last);
}

TEST(FlowMeter, BurstThenThrottle) {
    auto estimate = flow(1.0, [](double t) { return t < 0.3 ? 30e6 : 1e6; }).estimate(0.01);
    EXPECT_TRUE(estimate.throttled);
    EXPECT_NEAR(estimate.rate, 1e6, 2e5);
    EXPECT_GT(estimate.first_rate, 10e6);
}

// nginx's limit_rate: a second's worth at once, then nothing until the next second.
TEST(FlowMeter, ASecondsWorthAtOnceMayStillBeTheWholeSpeed) {
    auto early = flow(0.3, [](double t) { return t < 0.1 ? 10e6 : 0.4e6; }).estimate(0.02);
    EXPECT_TRUE(early.throttled);
    EXPECT_GE(early.high, 0.9e6) << "what came so far, over a second";
    auto later = flow(1.5, [](double t) { return t < 0.1 ? 10e6 : 0.4e6; }).estimate(0.02);
    EXPECT_LT(later.high, 0.6e6) << "a second has passed";
}

TEST(FlowMeter, NothingAndOneBurst) {
    EXPECT_FALSE(FlowMeter().estimate(0.01).known());
    FlowMeter instant;
    instant.begin(1);
    instant.add(1, 1000);
    EXPECT_TRUE(std::isfinite(instant.estimate(0.01).rate));
}

TEST(FlowMeter, StaysSmallHoweverLongItRuns) {
    FlowMeter meter;
    meter.begin(0);
    for (int i = 1; i < 200000; ++i) meter.add(i * 0.001, 1000);
    EXPECT_NEAR(meter.estimate(0.01).rate, 1e6, 1e5);
    EXPECT_EQ(meter.bytes(), 199999 * 1000LL);
}

TEST(Combine, LaterFallIsAThrottle) {
    Estimate first{.rate = 10e6, .low = 9e6, .high = 12e6};
    Estimate second{.rate = 1e6, .low = 0.9e6, .high = 1.1e6, .watched = 1};
    auto both = combine(first, second, 0.5);
    EXPECT_TRUE(both.throttled);
    EXPECT_DOUBLE_EQ(both.rate, 1e6);
    EXPECT_DOUBLE_EQ(combine({}, second, 0.5).rate, 1e6);
    EXPECT_DOUBLE_EQ(combine(second, {}, 0.5).rate, 1e6);
    // A transfer of a few milliseconds proves no throttle.
    second.watched = 0.01;
    EXPECT_FALSE(combine(first, second, 0.5).throttled);
    EXPECT_DOUBLE_EQ(combine(first, second, 0.5).rate, 10e6);
}

TEST(Combine, LooksThatAgreeMakeEachOtherSurer) {
    Estimate first{.rate = 2e6, .low = 1.4e6, .high = 2.6e6};
    Estimate second{.rate = 2.1e6, .low = 2.0e6, .high = 2.2e6, .watched = 2};
    EXPECT_DOUBLE_EQ(combine(first, second, 0.9).low, 2.0e6);
    second.watched = 0.2;
    EXPECT_DOUBLE_EQ(combine(first, second, 0.9).low, 1.4e6) << "it may have been a burst";
    Estimate other{.rate = 2.6e6, .low = 2.5e6, .high = 2.7e6, .watched = 2};
    EXPECT_DOUBLE_EQ(combine(first, other, 0.9).low, 1.4e6) << "these do not";
}

TEST(Score, FatLongBeatsThinShort) {
    Phases fat{.connect = 0.54, .index = 0.18, .manifest = 0.18, .blob = 0.18, .rtt = 0.18};
    Phases thin{.connect = 0.006, .index = 0.002, .manifest = 0.002, .blob = 0.002, .rtt = 0.002};
    EXPECT_LT(predicted_pull(fat, 150e6 / 8), predicted_pull(thin, 12e6 / 8));
    // With equal rates the short way wins.
    EXPECT_LT(predicted_pull(thin, 12e6 / 8), predicted_pull(fat, 12e6 / 8));
}

TEST(Score, SizeDelayNeedsEvidence) {
    EXPECT_EQ(size_delay(0.02, 1000, 0.05, 10 << 20, 0.02), 0);
    EXPECT_NEAR(size_delay(0.02, 0, 10.02, 10 << 20, 0.02), 1.0 / (1 << 20), 1e-9);
}

TEST(Score, TheLargestLayerWaitsLongest) {
    Phases delayed{.delay_per_byte = 1.0 / (1 << 20)};
    EXPECT_NEAR(predicted_pull(delayed, 1e9), 20.02, 0.01);
    EXPECT_NEAR(predicted_pull(delayed, 1e9 / 8), 20.17, 0.01);
    EXPECT_NEAR(phases_of_pull(delayed, 1e9 / 8).first_byte_s, 20, 0.01);
    delayed.delay_per_byte /= 10;
    EXPECT_NEAR(predicted_pull(delayed, 1 << 20), 30, 0.01) << "others come meanwhile";
}

Measurement entry(const std::string& url, bool usable, double predicted, bool probed = true) {
    Measurement m{.mirror = {.url = *parse_url(url), .operator_name = {}}, .usable = usable};
    m.probed = probed;
    m.predicted_pull_s = predicted;
    return m;
}

TEST(Rank, UntestedNeverAheadOfTested) {
    std::vector<Measurement> all{entry("https://dead.test", false, -1),
                                 entry("https://unknown.test", true, -1), entry("https://b.test", true, 9),
                                 entry("https://resting.test", false, -1, false),
                                 entry("https://a.test", true, 3)};
    rank(all);
    std::vector<std::string> hosts;
    for (const auto& m : all) hosts.push_back(m.mirror.url.host);
    EXPECT_EQ(hosts,
              (std::vector<std::string>{"a.test", "b.test", "unknown.test", "dead.test", "resting.test"}));
}

TEST(Rank, TiesKeepTheProfilesOrder) {
    std::vector<Measurement> all{entry("https://b.test", true, 3), entry("https://a.test", true, 3)};
    rank(all);
    EXPECT_EQ(all[0].mirror.url.host, "b.test");
    EXPECT_TRUE(near_equal(10, 10.9));
    EXPECT_FALSE(near_equal(10, 11.1));
}

TEST(Ledger, CountsPerMirrorAndPerOperator) {
    Budget budget{.requests_per_mirror = 3, .requests_per_operator_per_minute = 5};
    Ledger ledger(budget);
    Mirror a{.url = *parse_url("https://a.test"), .operator_name = "Acme"};
    Mirror b{.url = *parse_url("https://b.test"), .operator_name = "ACME"};
    ledger.know(a, false);
    ledger.know(b, false);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ledger.refusal(a.url, mirror_key(a), 0), "");
        ledger.sent(a.url, mirror_key(a), 0);
    }
    EXPECT_NE(ledger.refusal(a.url, mirror_key(a), 0), "") << "three per mirror";
    ledger.sent(b.url, mirror_key(b), 1);
    ledger.sent(b.url, mirror_key(b), 1);
    EXPECT_NE(ledger.refusal(b.url, mirror_key(b), 2), "") << "five per operator, whatever its host";
    EXPECT_EQ(ledger.refusal(b.url, mirror_key(b), 61.5), "") << "the minute slides";
    EXPECT_EQ(ledger.refusal(*parse_url("https://cdn.test/x"), mirror_key(a), 2), "");
    EXPECT_EQ(ledger.requests(), 5);
}

TEST(Ledger, EarlierRunsCountForTheMinute) {
    Ledger ledger({.requests_per_operator_per_minute = 6});
    Mirror a{.url = *parse_url("https://a.test"), .operator_name = "Acme"};
    ledger.know(a, false);
    ledger.sent_before("acme", 100 - 50, 5);
    EXPECT_EQ(ledger.room(a, false, 100), 1);
    EXPECT_NE(ledger.limit(a, false, 100).find("6 requests a minute to acme"), std::string::npos);
    ledger.sent(a.url, mirror_key(a), 100);
    EXPECT_NE(ledger.refusal(a.url, mirror_key(a), 100), "");
    EXPECT_EQ(ledger.room(a, false, 111), 5) << "the minute slides";
    ledger.limit_day({{"acme", kRequestsPerDay}});
    EXPECT_NE(ledger.limit(a, false, 111).find("60 requests a day"), std::string::npos);

    Memory memory{.asked = {{"old", 1000 - 60, 1}, {"new", 1000 - 59, 2}, {"future", 1001, 3}}};
    ASSERT_EQ(asked_lately(memory, 1000).size(), 1U);
    EXPECT_EQ(asked_lately(memory, 1000)[0].operator_name, "new");
}

TEST(Ledger, HopsCountWhereTheyArrive) {
    Budget budget{.requests_per_mirror = 2, .requests_per_operator_per_minute = 100};
    Ledger ledger(budget);
    Mirror a{.url = *parse_url("https://a.test"), .operator_name = {}};
    Mirror b{.url = *parse_url("https://b.test"), .operator_name = {}};
    ledger.know(a, false);
    ledger.know(b, false);
    ledger.sent(*parse_url("https://b.test/blob"), mirror_key(a), 0);
    ledger.sent(*parse_url("https://b.test/blob"), mirror_key(a), 0);
    EXPECT_NE(ledger.refusal(b.url, mirror_key(b), 0), "");
    EXPECT_EQ(ledger.refusal(a.url, mirror_key(a), 0), "");
}

TEST(Ledger, ReservedBytesAreNotGivenTwice) {
    Ledger ledger({.bytes = 100});
    ledger.reserve(60);
    EXPECT_EQ(ledger.bytes_left(), 40);
    ledger.received(30);
    ledger.release(60);
    EXPECT_EQ(ledger.bytes_left(), 70);
}

}  // namespace
}  // namespace mirrorctl::bench::parts_test
