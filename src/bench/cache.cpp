#include "bench/cache.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

// Failures that say something about the mirror; the rest (a budget, a proxy, a rest) says something about us.
bool is_failure(const Measurement& m) {
    return !m.usable && m.probed && !m.is_origin && m.fault != Fault::none && m.fault != Fault::budget &&
           m.fault != Fault::proxy && m.fault != Fault::resting;
}

void forget(RankingCache& cache, const std::string& upstream, const std::string& url) {
    std::erase_if(cache.failures,
                  [&](const PastFailure& f) { return f.upstream == upstream && f.url == url; });
    std::erase_if(cache.checks, [&](const LastCheck& c) { return c.upstream == upstream && c.url == url; });
}

void note(RankingCache& cache, const std::string& upstream, const Measurement& m, double now,
          double failure_ttl) {
    auto url = m.mirror.url.masked();
    if (m.usable) {
        forget(cache, upstream, url);
        cache.checks.push_back({.upstream = upstream, .url = url, .at = now});
        return;
    }
    if (!is_failure(m)) return;
    forget(cache, upstream, url);
    cache.failures.push_back({.upstream = upstream,
                              .url = url,
                              .at = now,
                              .until = now + std::max(failure_ttl, m.retry_after_s),
                              .fault = m.fault,
                              .reason = m.reason});
}

const UpstreamReport* find(const Report& report, const std::string& name) {
    auto it = std::find_if(report.upstreams.begin(), report.upstreams.end(),
                           [&](const auto& u) { return u.name == name; });
    return it == report.upstreams.end() ? nullptr : &*it;
}

// Mirrors are the same with and without a slash at the end.
std::string_view bare(std::string_view url) {
    while (url.ends_with('/')) url.remove_suffix(1);
    return url;
}

bool anything_usable(const UpstreamReport& upstream) {
    return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                       [](const Measurement& m) { return m.usable; });
}

}  // namespace

RankingCache merge(RankingCache cache, const CacheKey& key, const Report& report, double failure_ttl) {
    if (!(cache.key == key)) cache = {};
    cache.key = key;
    auto older = std::move(cache.report.upstreams);
    cache.report = report;
    if (report.proxy_failed) cache.report.upstreams.clear();
    for (auto& upstream : older)
        if (find(cache.report, upstream.name) == nullptr)
            cache.report.upstreams.push_back(std::move(upstream));
    if (report.proxy_failed) return cache;
    for (const auto& upstream : report.upstreams) {
        cache.measured_at[upstream.name] = report.taken_at;
        // Where nothing at all answers it is our network that is down: nobody rests for that.
        if (!anything_usable(upstream)) continue;
        for (const auto& m : upstream.ranking) note(cache, upstream.name, m, report.taken_at, failure_ttl);
    }
    std::erase_if(cache.failures, [&](const PastFailure& f) { return f.until <= report.taken_at; });
    return cache;
}

void note_check(RankingCache& cache, const std::string& upstream, const Measurement& result, double now,
                double failure_ttl) {
    note(cache, upstream, result, now, failure_ttl);
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
        if (!wanted || stale) continue;
        bool checked = std::any_of(cache->checks.begin(), cache->checks.end(), [&](const LastCheck& check) {
            double age = input.now - check.at;
            return check.upstream == current.upstream && bare(check.url) == bare(current.url) && age >= 0 &&
                   age < input.policy.recheck;
        });
        if (!checked) out.recheck.push_back(current);
    }
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
