#include "bench/cache.hpp"

#include "base/strings.hpp"
#include "bench/dark.hpp"
#include "bench/ledger.hpp"
#include "bench/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirrorctl::bench {

namespace {

// Failures that say something about the mirror; the rest (a budget, a proxy, a rest) says something about us.
bool is_failure(const Measurement& m) {
    return !m.usable && m.probed && !m.is_origin && m.fault != Fault::none && m.fault != Fault::budget &&
           m.fault != Fault::proxy && m.fault != Fault::resting;
}

// A server's own word, which lasts whatever is seen meanwhile: another run may have got it.
bool is_asked_now(const PastFailure& failure, double now) {
    return failure.asked && failure.at <= now && failure.until > now;
}

bool is_of(const PastFailure& failure, const std::string& upstream, const std::string& url) {
    return failure.upstream == upstream && failure.url == url;
}

constexpr double kLongestRest = 8 * 86400.0;
constexpr int kMostCounted = 16;

// Twice as long after each failure in a row.
double rest_seconds(double failure_ttl, int count) {
    double longest = std::max(failure_ttl, kLongestRest);
    return std::min(longest, std::ldexp(failure_ttl, std::min(count, kMostCounted) - 1));
}

void note(RankingCache& cache, const std::string& upstream, const Measurement& m, double now,
          const Policy& policy) {
    auto url = m.mirror.url.masked();
    remember_traffic(cache.memory, m, now, policy.ttl);
    if (!m.probed) return;
    bool asked = m.retry_after_s > 0;
    if (!m.usable && !is_failure(m) && !asked) return;
    forget_check(cache, upstream, url);
    if (m.usable) cache.checks.push_back({.upstream = upstream, .url = url, .at = now});
    PastFailure noted{.upstream = upstream,
                      .url = url,
                      .at = now,
                      .until = now + std::max(0.0, m.retry_after_s),
                      .fault = m.fault,
                      .reason = m.usable ? "it served all the same" : m.reason,
                      .asked = asked};
    for (const auto& known : cache.failures) {
        if (!is_of(known, upstream, url)) continue;
        if (!m.usable) noted.count = std::min(known.count + 1, kMostCounted);
        if (!is_asked_now(known, now)) continue;
        noted.asked = true;
        noted.until = std::max(noted.until, known.until);
    }
    if (!m.usable && !m.is_origin)
        noted.until = std::max(noted.until, now + rest_seconds(policy.failure_ttl, noted.count));
    std::erase_if(cache.failures, [&](const PastFailure& f) { return is_of(f, upstream, url); });
    if (!m.usable || noted.asked) cache.failures.push_back(std::move(noted));
}

// As a light check that passed, unless there was a later one.
void note_seen(RankingCache& cache, const std::string& upstream, const std::string& url, double at) {
    auto it = std::find_if(cache.checks.begin(), cache.checks.end(),
                           [&](const LastCheck& c) { return c.upstream == upstream && c.url == url; });
    if (it == cache.checks.end())
        cache.checks.push_back({.upstream = upstream, .url = url, .at = at});
    else
        it->at = std::max(it->at, at);
}

const UpstreamReport* find(const Report& report, const std::string& name) {
    auto it = std::find_if(report.upstreams.begin(), report.upstreams.end(),
                           [&](const auto& u) { return u.name == name; });
    return it == report.upstreams.end() ? nullptr : &*it;
}

bool anything_usable(const UpstreamReport& upstream) {
    return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                       [](const Measurement& m) { return m.usable; });
}

bool anybody_asked(const UpstreamReport& upstream) {
    return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                       [](const Measurement& m) { return m.probed; });
}

bool anybody_served(const UpstreamReport& upstream) {
    return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                       [](const Measurement& m) { return m.probed && m.usable; });
}

// The last look at it that it passed, infinitely long ago if there was none.
double age_of_check(const RankingCache& cache, const std::string& upstream, const std::string& url,
                    double now) {
    for (const auto& check : cache.checks)
        if (check.upstream == upstream && check.url == url && check.at <= now) return now - check.at;
    return std::numeric_limits<double>::infinity();
}

// A budget that is used up says nothing about a mirror: what was known of it stays, but not for ever.
void keep_unasked(const RankingCache& older, Report& newer, double ttl) {
    for (auto& upstream : newer.upstreams) {
        const auto* known = find(older.report, upstream.name);
        if (known == nullptr) continue;
        for (auto& m : upstream.ranking) {
            if (m.usable || m.probed || m.fault != Fault::budget) continue;
            auto url = m.mirror.url.masked();
            auto it = std::find_if(known->ranking.begin(), known->ranking.end(), [&](const Measurement& k) {
                return k.usable && k.mirror.url.masked() == url;
            });
            bool old = age_of_check(older, upstream.name, url, newer.taken_at) >= kTtlsBetweenRaces * ttl;
            if (it == known->ranking.end() || old) continue;
            auto mirror = m.mirror;
            m = *it;
            m.mirror = std::move(mirror);
            m.probed = false;
            m.unsure = true;
            m.requests = 0;
            m.bytes = 0;
            m.layers_read.clear();
        }
        rank(upstream.ranking);
        if (upstream.ranking.empty() || !upstream.ranking.front().usable || upstream.ranking.front().probed)
            continue;
        upstream.unsure = true;
        upstream.why = cat(printable_line(upstream.ranking.front().mirror.url.host, 80),
                           " was not asked in this run: what was known of it counts");
    }
}

// Requests are sent until a run's end, and a server's wait begins there at the latest. Seconds since 1970.
double end_of(const Report& report) {
    return report.taken_at + std::max(0.0, report.elapsed_s);
}

// What one run says about the mirrors themselves.
void note_run(RankingCache& cache, const Report& report, const Policy& policy) {
    const bool dark = is_dark(report);
    for (const auto& upstream : report.upstreams) {
        bool served = anybody_served(upstream);
        // Where nothing at all answers it is our network that is down: nobody rests for that.
        for (const auto& m : upstream.ranking) {
            if (served)
                note(cache, upstream.name, m, end_of(report), policy);
            else if (!dark)
                note_look(cache, upstream.name, m, end_of(report), policy);
        }
        if (served)
            cache.measured_at[upstream.name] = cache.raced_at[upstream.name] = report.taken_at;
        else if (anybody_asked(upstream))
            cache.measured_at.erase(upstream.name);
    }
}

// The ranking that `newer` leaves behind. An upstream of which nobody served stays as it was: it still tells
// how fast those are of whom every byte was read.
Report ranking_after(Report older, const Report& newer) {
    bool any = std::any_of(newer.upstreams.begin(), newer.upstreams.end(), anybody_served);
    auto out = any || older.upstreams.empty() ? newer : older;
    out.upstreams = std::move(older.upstreams);
    for (const auto& upstream : newer.upstreams) {
        auto it = std::find_if(out.upstreams.begin(), out.upstreams.end(),
                               [&](const auto& known) { return known.name == upstream.name; });
        if (it == out.upstreams.end())
            out.upstreams.push_back(upstream);
        else if (anybody_served(upstream))
            *it = upstream;
    }
    return out;
}

// A run of another node says nothing of what failed here since, and little of what fails only here.
void lay_to_rest(UpstreamReport& upstream, const std::vector<PastFailure>& failures, double taken_at) {
    auto rested = upstream;
    for (auto& m : rested.ranking) {
        auto url = m.mirror.url.masked();
        auto it = std::find_if(failures.begin(), failures.end(), [&](const PastFailure& f) {
            return f.upstream == upstream.name && f.url == url &&
                   (f.asked || f.count > 1 || f.at >= taken_at);
        });
        if (!m.usable || it == failures.end()) continue;
        m.usable = m.probed = false;
        m.fault = Fault::resting;
        m.reason = "it failed on this node: " + it->reason;
    }
    rank(rested.ranking);
    if (anything_usable(rested)) upstream = std::move(rested);
}

// The operator of a mirror that the ranking knows, else the URL itself.
std::string operator_of(const RankingCache& cache, const Current& current) {
    const auto* upstream = find(cache.report, current.upstream);
    if (upstream == nullptr) return current.url;
    for (const auto& m : upstream->ranking)
        if (same_mirror(m.mirror.url.masked(), current.url)) return operator_key(m.mirror, m.is_origin);
    return current.url;
}

// Leaves out the looks that would ask an operator more often in a day than is polite.
void within_daily_share(const RankingCache& cache, const FreshnessInput& input,
                        std::vector<Current>& checks) {
    constexpr int kRequests = 2;
    auto spent = asked_today(cache.memory, input.now);
    std::map<std::string, int> cost;
    for (const auto& check : checks) cost[operator_of(cache, check)] += kRequests;
    std::map<std::string, double> last;
    for (const auto& asked : cache.memory.asked) {
        auto& at = last[asked.operator_name];
        at = std::max(at, asked.at);
    }
    std::erase_if(checks, [&](const Current& check) {
        auto name = operator_of(cache, check);
        return !may_check(spent[name], cost[name], input.now - last[name]);
    });
}

}  // namespace

RankingCache rekey(RankingCache cache, const CacheKey& key) {
    if (cache.key == key) return cache;
    RankingCache kept{.key = key, .report = {}, .measured_at = {}, .checks = {}, .failures = {}};
    kept.memory = std::move(cache.memory);
    if (cache.key.network == key.network && cache.key.route == key.route)
        for (auto& failure : cache.failures)
            if (failure.asked) kept.failures.push_back(std::move(failure));
    return kept;
}

RankingCache merge(RankingCache cache, const CacheKey& key, Report& report, const Policy& policy) {
    cache = rekey(std::move(cache), key);
    if (report.proxy_failed) return cache;
    // First what was seen in this run, then what is only kept.
    remember_times(cache.memory, key.network, report);
    note_run(cache, report, policy);
    keep_unasked(cache, report, policy.ttl);
    cache.report = ranking_after(std::move(cache.report), report);
    std::erase_if(cache.failures,
                  [&](const PastFailure& f) { return f.until + kLongestRest <= report.taken_at; });
    forget_old(cache.memory, report.taken_at);
    return cache;
}

RankingCache note_visit(RankingCache cache, const CacheKey& key, const Report& report, const Policy& policy) {
    bool same_way = cache.key.network == key.network && cache.key.route == key.route;
    Policy as_asked{.ttl = policy.ttl, .failure_ttl = 0};
    for (const auto& upstream : report.upstreams) {
        for (const auto& m : upstream.ranking) {
            if (same_way)
                note_look(cache, upstream.name, m, end_of(report), as_asked);
            else
                remember_traffic(cache.memory, m, end_of(report), policy.ttl);
        }
    }
    forget_old(cache.memory, report.taken_at);
    return cache;
}

void follow(RankingCache& cache, Report& report, double now) {
    // A clock that goes ahead of ours does not make a ranking fresher.
    const double at = std::min(report.taken_at, now);
    follow_times(cache.memory, cache.key.network, report, at);
    for (auto& upstream : report.upstreams) lay_to_rest(upstream, resting(cache, now), at);
    if (std::none_of(report.upstreams.begin(), report.upstreams.end(), anything_usable)) return;
    auto older = std::move(cache.report.upstreams);
    cache.report = report;
    cache.report.taken_at = at;
    std::erase_if(cache.report.upstreams, [](const UpstreamReport& u) { return !anything_usable(u); });
    for (const auto& upstream : cache.report.upstreams) {
        cache.measured_at[upstream.name] = at;
        auto& raced = cache.raced_at[upstream.name];
        raced = std::max(raced, at);
        for (const auto& m : upstream.ranking)
            if (m.usable) note_seen(cache, upstream.name, m.mirror.url.masked(), at);
    }
    for (auto& upstream : older)
        if (find(cache.report, upstream.name) == nullptr)
            cache.report.upstreams.push_back(std::move(upstream));
    forget_old(cache.memory, now);
}

void note_check(RankingCache& cache, const std::string& upstream, const Measurement& result, double now,
                const Policy& policy) {
    note(cache, upstream, result, now, policy);
}

void note_look(RankingCache& cache, const std::string& upstream, const Measurement& result, double now,
               const Policy& policy) {
    if (result.retry_after_s > 0)
        note(cache, upstream, result, now, policy);
    else
        remember_traffic(cache.memory, result, now, policy.ttl);
}

void forget_check(RankingCache& cache, const std::string& upstream, const std::string& url) {
    std::erase_if(cache.checks, [&](const LastCheck& c) { return c.upstream == upstream && c.url == url; });
}

Freshness decide_freshness(const RankingCache* cache, const CacheKey& key, const FreshnessInput& input) {
    Freshness out;
    for (const auto& name : input.upstreams) {
        const auto* known = cache != nullptr && cache->key == key ? find(cache->report, name) : nullptr;
        auto measured = known != nullptr ? cache->measured_at.find(name)
                                         : std::map<std::string, double>::const_iterator{};
        bool usable = known != nullptr && measured != cache->measured_at.end() && anything_usable(*known);
        double age = usable ? input.now - measured->second : -1;
        if (!usable || age < 0 || age >= input.policy.ttl) out.stale.push_back(name);
    }
    if (cache == nullptr) return out;
    for (const auto& current : input.current) {
        bool wanted = std::find(input.upstreams.begin(), input.upstreams.end(), current.upstream) !=
                      input.upstreams.end();
        bool stale = std::find(out.stale.begin(), out.stale.end(), current.upstream) != out.stale.end();
        bool waits = std::any_of(cache->failures.begin(), cache->failures.end(), [&](const PastFailure& f) {
            return f.upstream == current.upstream && same_mirror(f.url, current.url) &&
                   is_asked_now(f, input.now);
        });
        if (!wanted || stale || waits) continue;
        bool checked = std::any_of(cache->checks.begin(), cache->checks.end(), [&](const LastCheck& check) {
            double age = input.now - check.at;
            return check.upstream == current.upstream && same_mirror(check.url, current.url) && age >= 0 &&
                   age < input.policy.recheck;
        });
        if (!checked) out.recheck.push_back(current);
    }
    within_daily_share(*cache, input, out.recheck);
    return out;
}

std::vector<PastFailure> resting(const RankingCache& cache, double now) {
    std::vector<PastFailure> out;
    for (const auto& failure : cache.failures)
        if (failure.at <= now && failure.until > now) out.push_back(failure);
    return out;
}

std::map<std::string, std::string> known_manifests(const Report& report) {
    std::map<std::string, std::string> out;
    for (const auto& upstream : report.upstreams)
        if (!upstream.manifest.empty()) out[upstream.name] = upstream.manifest;
    return out;
}

void rejoin(Report& report, const Profile& profile) {
    std::erase_if(report.upstreams, [&](const UpstreamReport& u) { return profile.find(u.name) == nullptr; });
    for (auto& upstream : report.upstreams) {
        const auto& known = *profile.find(upstream.name);
        std::erase_if(upstream.ranking, [&](Measurement& m) {
            if (m.is_origin) {
                m.mirror = origin_candidate(known);
                return false;
            }
            auto it = std::find_if(known.mirrors.begin(), known.mirrors.end(), [&](const Mirror& mirror) {
                return mirror.url.masked() == m.mirror.url.masked();
            });
            if (it == known.mirrors.end()) return true;
            m.mirror = *it;
            return false;
        });
    }
}

}  // namespace mirrorctl::bench
