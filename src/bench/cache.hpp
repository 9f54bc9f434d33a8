// bench.json: the last ranking, when its mirrors were last looked at, and what failed. Pure: texts in, texts
// out.
#pragma once

#include "base/result.hpp"
#include "bench/memory.hpp"
#include "bench/spec.hpp"
#include "model/report.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::bench {

// What is known of who was not asked counts for so many times `ttl`; then everybody is asked again.
inline constexpr double kTtlsBetweenRaces = 4;

// A ranking holds for these; anything else is another ranking.
struct CacheKey {
    std::string profile_sha256;
    std::string route;  // route_name()
    std::string machine_id;
    std::string image = {};    // --image
    std::string network = {};  // where the node stands, "" = not known
    bool operator==(const CacheKey&) const = default;
};

struct LastCheck {
    std::string upstream;
    std::string url;
    double at = 0;  // seconds since 1970
    bool operator==(const LastCheck&) const = default;
};

struct RankingCache {
    CacheKey key;
    Report report;  // of all upstreams, each from the newest run in which somebody served
    // Upstream -> seconds since 1970; not those of which nobody served in the last run.
    std::map<std::string, double> measured_at;
    std::map<std::string, double> raced_at = {};  // ... of the last race of all (bench/incumbent)
    std::vector<LastCheck> checks;                // light checks that passed
    std::vector<PastFailure> failures;  // also those that rest no longer: they tell how long the next rest is
    Memory memory = {};
};

std::string cache_to_text(const RankingCache& cache);
// Errors: corrupt_state for anything that is not a whole, well-formed cache of at most 4 MiB that matches its
// own checksum; the caller goes on without one and warns.
Result<RankingCache> cache_from_text(std::string_view text);

// What of a cache still holds for `key`. All, if it is the same. Else the memory; and in the same network the
// rests that servers asked for.
RankingCache rekey(RankingCache cache, const CacheKey& key);

// A new run goes into the cache: its upstreams replace the old ones, successes end a rest. Failures rest for
// the policy's failure_ttl, twice as long after each further failure, up to eight days (or what a 429 asked
// for, if that is longer). Who was not asked, because a budget was used up, keeps what was known of it, at
// the age that it has; `report` gets that too, marked as unsure, and Measurement::usual_pull_s.
RankingCache merge(RankingCache cache, const CacheKey& key, Report& report, const Policy& policy);
// What the cache takes over of a run whose ranking it does not: requests, bytes read, and the rests that
// servers asked for.
RankingCache note_visit(RankingCache cache, const CacheKey& key, const Report& report, const Policy& policy);
// A light check's outcome: a passed one restarts the `recheck` clock, a failed one is a failure.
void note_check(RankingCache& cache, const std::string& upstream, const Measurement& result, double now,
                const Policy& policy);
// It failed a look, whatever the race that follows has to say: it is not kept by its last good one.
void forget_check(RankingCache& cache, const std::string& upstream, const std::string& url);

// The ranking that another node of the site measured becomes the one of this node, at `now`, with the age
// that it has; doing it again changes nothing. Its predictions go into the memory, as those of a run of ours
// would, and Measurement::usual_pull_s is set in `report`. What rests here stays out of it (in `report` too)
// if it failed after that run, failed twice in a row or asked for the rest, unless nothing else is left. An
// upstream without anything usable stays as it is.
void follow(RankingCache& cache, Report& report, double now);

// A look that decides nothing by itself, because a race follows: what it sent, and the wait that a server
// asked for.
void note_look(RankingCache& cache, const std::string& upstream, const Measurement& result, double now,
               const Policy& policy);

struct Current {
    std::string upstream;
    std::string url;
};

struct Freshness {
    std::vector<std::string>
        stale;  // upstreams that must be raced (no ranking, other key, older than ttl, failed runs only)
    std::vector<Current> recheck;  // current mirrors that need one light check before the ranking is used
    bool use_as_is() const { return stale.empty() && recheck.empty(); }
};

struct FreshnessInput {
    std::vector<std::string> upstreams;  // that this run needs
    std::vector<Current> current;        // mirrors of ours that are written now
    Policy policy = {};
    double now = 0;  // seconds since 1970
};

// The two clocks. `cache` may be nullptr. A ranking from the future (the clock was set back) is stale.
Freshness decide_freshness(const RankingCache* cache, const CacheKey& key, const FreshnessInput& input);

// The failures of `cache` that still rest at `now`: BenchSpec::failures.
std::vector<PastFailure> resting(const RankingCache& cache, double now);
// "upstream -> repository@digest" of the last run: BenchSpec::manifests.
std::map<std::string, std::string> known_manifests(const Report& report);

// A report read from JSON knows mirrors by URL only: gives each its entry of `profile` back, drops what the
// profile no longer has.
void rejoin(Report& report, const Profile& profile);

}  // namespace mirrorctl::bench
