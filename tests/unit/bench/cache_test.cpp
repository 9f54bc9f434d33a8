#include "bench/cache.hpp"

#include "base/strings.hpp"
#include "model/json/report_json.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::cache_test {
namespace {

constexpr double kNow = 1'800'000'000;

Measurement entry(const std::string& url, bool usable, Fault fault = Fault::none) {
    Measurement m{.mirror = {.url = *parse_url(url), .trust = Trust::verify, .operator_name = "Acme"},
                  .usable = usable};
    m.fault = fault;
    m.reason = usable ? "fine" : "broken";
    m.predicted_pull_s = usable ? 3.25 : -1;
    m.connect_s = 0.0123;
    m.throughput_bps = 1234567;
    m.samples = 2;
    m.tag_digest = "sha256:" + std::string(64, 'a');
    m.confirmed = usable;
    m.throughput_low_bps = 1000000;
    m.phases = {.dns_s = 0.001, .tls_s = 0.02, .transfer_s = 3};
    m.series = {{.at_s = 0.1, .bps = 5000}, {.at_s = 0.2, .bps = 6000}};
    return m;
}

Report report(double at = kNow) {
    Report r{.profile = "cn", .profile_sha256 = "abc", .taken_at = at, .route = "direct", .upstreams = {}};
    r.upstreams.push_back(
        {.name = "docker.io",
         .ranking = {entry("https://a.test", true), entry("https://b.test/v2/x", false, Fault::not_found)},
         .manifest = "library/busybox@sha256:" + std::string(64, 'b'),
         .unsure = true,
         .why = "nobody else could win"});
    return r;
}

CacheKey key() {
    return {.profile_sha256 = "abc", .route = "direct", .machine_id = "m1"};
}

// A policy in which failures rest for so many seconds.
Policy rests(double failure_ttl) {
    Policy policy;
    policy.failure_ttl = failure_ttl;
    return policy;
}

RankingCache merged_with(RankingCache into, const CacheKey& with, Report found, double failure_ttl) {
    return merge(std::move(into), with, found, rests(failure_ttl));
}

RankingCache cache() {
    return merged_with({}, key(), report(), 24 * 3600);
}

TEST(ReportJson, HasTheContractsFieldsAndComesBack) {
    auto text = report_to_json(report());
    for (const char* field :
         {"\"schema\": \"mirrorctl.bench/1\"", "\"upstreams\"", "\"ranking\"", "\"url\": \"https://a.test\"",
          "\"verdict\": \"usable\"", "\"verdict\": \"rejected\"", "\"reason\"", "\"samples\": 2",
          "\"connect_ms\": 12.3", "\"ttfb_ms\": null", "\"throughput_bps\": 1234567",
          "\"predicted_pull_seconds\": 3.25", "\"bytes\"", "\"requests\"", "\"elapsed_seconds\""})
        EXPECT_NE(text.find(field), std::string::npos) << field;
    auto back = report_from_json(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(report_to_json(*back), text);
    EXPECT_EQ(back->upstreams[0].ranking[0].mirror.trust, Trust::verify);
    EXPECT_DOUBLE_EQ(back->upstreams[0].ranking[0].predicted_pull_s, 3.25);
    EXPECT_EQ(back->upstreams[0].ranking[1].fault, Fault::not_found);
    EXPECT_EQ(back->upstreams[0].ranking[0].phases, report().upstreams[0].ranking[0].phases);
    EXPECT_EQ(back->upstreams[0].ranking[0].series, report().upstreams[0].ranking[0].series);
    EXPECT_TRUE(back->upstreams[0].unsure);
    EXPECT_EQ(back->upstreams[0].why, "nobody else could win");
}

TEST(ReportJson, StrangersCannotMoveTheCursor) {
    auto r = report();
    r.upstreams[0].ranking[0].reason = "\x1b[2J https://u:secret@x.test \xff";
    auto text = report_to_json(r);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("u001b"), std::string::npos);
    EXPECT_EQ(text.find("secret"), std::string::npos);
}

TEST(ReportJson, RefusesWhatIsNotOne) {
    auto good = report_to_json(report());
    EXPECT_FALSE(report_from_json(""));
    EXPECT_FALSE(report_from_json("[]"));
    EXPECT_FALSE(report_from_json("{}"));
    EXPECT_FALSE(report_from_json(replace_all(good, "bench/1", "bench/2")));
    EXPECT_FALSE(report_from_json(replace_all(good, "\"usable\"", "\"maybe\"")));
    EXPECT_FALSE(report_from_json(replace_all(good, "3.25", "\"3.25\"")));
    EXPECT_FALSE(report_from_json(replace_all(good, "3.25", "-3.25")));
    EXPECT_FALSE(report_from_json(replace_all(good, "https://a.test", "a.test")));
    EXPECT_FALSE(report_from_json(replace_all(good, "\"at_ms\": 100.0", "\"at_ms\": -1")));
    EXPECT_FALSE(report_from_json(replace_all(good, "\"tls_ms\": 20.0", "\"tls_ms\": \"20\"")));
    EXPECT_FALSE(report_from_json(replace_all(good, "\"samples\": 2", "\"samples\": 1e99")));
    EXPECT_FALSE(report_from_json(std::string(1000, '[') + std::string(1000, ']')));
    EXPECT_FALSE(report_from_json(std::string(5 << 20, ' ')));
}

TEST(Cache, ComesBack) {
    auto text = cache_to_text(cache());
    auto back = cache_from_text(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(cache_to_text(*back), text);
    EXPECT_EQ(back->key, key());
    EXPECT_EQ(back->failures, cache().failures);
}

TEST(Cache, EveryTornFileAndEveryFlippedBitIsNoCache) {
    auto text = cache_to_text(cache());
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        auto torn = cache_from_text(std::string_view(text).substr(0, cut));
        ASSERT_FALSE(torn) << cut;
        ASSERT_EQ(torn.error().code, ErrorCode::corrupt_state);
    }
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        auto flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(cache_from_text(flipped)) << bit;
    }
    EXPECT_FALSE(cache_from_text(std::string(5 << 20, 'x')));
    EXPECT_FALSE(cache_from_text(text + text));
}

TEST(Cache, WhereNothingAnswersNobodyRests) {
    RankingCache known;
    known.key = key();
    Report dark;
    dark.taken_at = kNow;
    dark.upstreams.push_back(
        {.name = "docker.io", .ranking = {entry("https://a.test", false, Fault::connect)}});
    EXPECT_TRUE(resting(merged_with(known, key(), dark, 3600), kNow + 1).empty())
        << "our network, not the mirror";
    dark.upstreams[0].ranking.push_back(entry("https://b.test", true));
    EXPECT_EQ(resting(merged_with(known, key(), dark, 3600), kNow + 1).size(), 1U);
}

TEST(Cache, WhereNothingAnswersTheRankingStaysButIsNotFresh) {
    const auto known = cache();
    Report dark;
    dark.taken_at = kNow + 60;
    dark.upstreams.push_back({.name = "docker.io",
                              .ranking = {entry("https://a.test", false, Fault::connect),
                                          entry("https://b.test/v2/x", false, Fault::connect)}});
    auto after = merge(known, key(), dark, rests(3600));
    EXPECT_EQ(report_to_json(after.report), report_to_json(known.report));
    EXPECT_FALSE(after.measured_at.contains("docker.io"));
    EXPECT_EQ(after.raced_at, known.raced_at);
    EXPECT_FALSE(dark.upstreams[0].ranking[0].usable) << "this run found nobody, and says so";
    FreshnessInput next{.upstreams = {"docker.io"}, .current = {}, .policy = {}, .now = kNow + 61};
    EXPECT_EQ(decide_freshness(&after, key(), next).stale.size(), 1U);
}

FreshnessInput input(double now, std::vector<Current> current = {}) {
    return {.upstreams = {"docker.io"}, .current = std::move(current), .policy = {}, .now = now};
}

TEST(Freshness, TwoClocks) {
    auto known = cache();
    const Current a{.upstream = "docker.io", .url = "https://a.test/"};
    EXPECT_TRUE(decide_freshness(&known, key(), input(kNow + 60, {a})).use_as_is());
    auto later = decide_freshness(&known, key(), input(kNow + 16 * 60, {a}));
    EXPECT_TRUE(later.stale.empty());
    ASSERT_EQ(later.recheck.size(), 1U);
    note_check(known, "docker.io", entry("https://a.test", true), kNow + 16 * 60, rests(3600));
    EXPECT_TRUE(decide_freshness(&known, key(), input(kNow + 17 * 60, {a})).use_as_is());
    EXPECT_EQ(decide_freshness(&known, key(), input(kNow + 25 * 3600, {a})).stale.size(), 1U);
    EXPECT_TRUE(decide_freshness(&known, key(), input(kNow + 25 * 3600, {a})).recheck.empty());
    EXPECT_EQ(decide_freshness(&known, key(), input(kNow - 60)).stale.size(), 1U) << "the clock was set back";
}

TEST(Freshness, OtherKeyOrUpstreamIsStale) {
    auto known = cache();
    EXPECT_EQ(decide_freshness(nullptr, key(), input(kNow)).stale.size(), 1U);
    for (auto change :
         {+[](CacheKey& k) { k.route = "http://p"; }, +[](CacheKey& k) { k.machine_id = "m2"; },
          +[](CacheKey& k) { k.profile_sha256 = "x"; }, +[](CacheKey& k) { k.image = "busybox"; }}) {
        auto other = key();
        change(other);
        EXPECT_EQ(decide_freshness(&known, other, input(kNow)).stale.size(), 1U);
    }
    auto wanted = input(kNow);
    wanted.upstreams = {"docker.io", "ghcr.io"};
    EXPECT_EQ(decide_freshness(&known, key(), wanted).stale, std::vector<std::string>{"ghcr.io"});
}

TEST(Merge, KeepsOtherUpstreamsAndTheirAges) {
    auto known = cache();
    Report other{.profile = "cn", .profile_sha256 = "abc", .taken_at = kNow + 100, .upstreams = {}};
    other.upstreams.push_back({.name = "ghcr.io", .ranking = {entry("https://g.test", true)}});
    known = merged_with(std::move(known), key(), other, 3600);
    EXPECT_EQ(known.report.upstreams.size(), 2U);
    EXPECT_EQ(known.measured_at.at("docker.io"), kNow);
    EXPECT_EQ(known.measured_at.at("ghcr.io"), kNow + 100);
    auto changed = key();
    changed.route = "http://p";
    EXPECT_EQ(merged_with(std::move(known), changed, other, 3600).report.upstreams.size(), 1U);
}

TEST(Merge, FailuresRestAndSuccessEndsIt) {
    auto known = cache();
    ASSERT_EQ(known.failures.size(), 1U);
    EXPECT_EQ(known.failures[0].url, "https://b.test/v2/x");
    EXPECT_EQ(resting(known, kNow + 3600).size(), 1U);
    EXPECT_TRUE(resting(known, kNow + 25 * 3600).empty());
    auto next = report(kNow + 10);
    next.upstreams[0].ranking[1].usable = true;
    EXPECT_TRUE(merged_with(known, key(), next, 3600).failures.empty());
    auto limited = report(kNow);
    limited.upstreams[0].ranking[1].retry_after_s = 50'000;
    EXPECT_EQ(merged_with({}, key(), limited, 3600).failures[0].until, kNow + 50'000)
        << "what a 429 asked for is kept";
    auto budget = report(kNow);
    budget.upstreams[0].ranking[1].fault = Fault::budget;
    EXPECT_TRUE(merged_with({}, key(), budget, 3600).failures.empty())
        << "our own budget is not the mirror's failure";
}

TEST(Merge, AProxyThatFailedTeachesNothing) {
    auto failed = report(kNow + 10);
    failed.proxy_failed = true;
    auto known = merged_with(cache(), key(), failed, 3600);
    EXPECT_EQ(known.measured_at.at("docker.io"), kNow);
    EXPECT_TRUE(known.report.upstreams[0].ranking[0].usable);
}

TEST(Rejoin, GivesMirrorsTheirWholeEntryBack) {
    Profile profile{.name = "cn"};
    Upstream upstream{.name = "docker.io", .origin = *parse_url("https://registry-1.docker.io")};
    upstream.mirrors = {{.url = *parse_url("https://a.test"),
                         .form = MirrorForm::host,
                         .trust = Trust::resolve,
                         .operator_name = "A",
                         .ca = "/ca.pem"}};
    profile.upstreams = {upstream};
    auto r = *report_from_json(report_to_json(report()));
    rejoin(r, profile);
    ASSERT_EQ(r.upstreams[0].ranking.size(), 1U) << "b.test is no longer in the profile";
    EXPECT_EQ(r.upstreams[0].ranking[0].mirror, upstream.mirrors[0]);
}

}  // namespace
}  // namespace mirrorctl::bench::cache_test
