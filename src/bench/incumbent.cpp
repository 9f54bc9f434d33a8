#include "bench/incumbent.hpp"

#include "base/strings.hpp"
#include "bench/score.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::bench {

namespace {

constexpr double kSeconds = 4;
constexpr std::int64_t kBytesEach = 6LL << 20U;
constexpr double kLeastRuns = 1.5;  // of a history, whose old runs count for less

const Usual* usual_of(const RankingCache& cache, const std::string& network, const std::string& upstream,
                      const Mirror& mirror) {
    auto found = std::find_if(cache.memory.usual.begin(), cache.memory.usual.end(), [&](const Usual& usual) {
        return usual.network == network && usual.upstream == upstream &&
               same_mirror(mirror.url.masked(), usual.url);
    });
    return found == cache.memory.usual.end() ? nullptr : &*found;
}

const Measurement* entry_of(const Report& report, const Current& current) {
    for (const auto& upstream : report.upstreams) {
        if (upstream.name != current.upstream) continue;
        for (const auto& m : upstream.ranking)
            if (!m.is_origin && same_mirror(m.mirror.url.masked(), current.url)) return &m;
    }
    return nullptr;
}

std::vector<Current> in_use(const std::vector<Current>& all, const std::string& upstream) {
    std::vector<Current> out;
    for (const auto& current : all)
        if (current.upstream == upstream) out.push_back(current);
    return out;
}

// The profile's other mirrors, and the origin, as they stood.
void add_unasked(UpstreamReport& report, const Upstream& upstream) {
    auto add = [&](const Mirror& mirror, bool is_origin) {
        bool there = std::any_of(report.ranking.begin(), report.ranking.end(), [&](const Measurement& m) {
            return m.is_origin == is_origin && same_mirror(m.mirror.url.masked(), mirror.url.masked());
        });
        if (there) return;
        Measurement m{.mirror = mirror, .is_origin = is_origin, .usable = false};
        m.probed = false;
        m.fault = Fault::budget;
        m.reason = "not asked: the mirrors in use are as fast as usual";
        report.ranking.push_back(std::move(m));
    };
    for (const auto& mirror : upstream.mirrors) add(mirror, false);
    if (upstream.fallback == Fallback::origin) add(origin_candidate(upstream), true);
}

bool holds(const Report& report, const RankingCache& cache, const std::vector<Current>& current,
           double margin) {
    for (const auto& one : current) {
        const auto* m = entry_of(report, one);
        if (m == nullptr || !m->usable || m->predicted_pull_s < 0) return false;
    }
    const auto* first = entry_of(report, current.front());
    const auto* usual = usual_of(cache, cache.key.network, current.front().upstream, first->mirror);
    return usual != nullptr && first->confirmed && first->predicted_pull_s <= usual->pull_s * (1 + margin);
}

}  // namespace

std::vector<std::string> may_confirm(const RankingCache& cache, const CacheKey& key,
                                     const FreshnessInput& input) {
    std::vector<std::string> out;
    if (!(cache.key == key) || key.network.empty()) return out;
    for (const auto& name : input.upstreams) {
        auto raced = cache.raced_at.find(name);
        double age = raced == cache.raced_at.end() ? -1 : input.now - raced->second;
        auto current = in_use(input.current, name);
        if (!cache.measured_at.contains(name) || age < 0 || age >= kTtlsBetweenRaces * input.policy.ttl ||
            current.empty())
            continue;
        bool known = std::all_of(current.begin(), current.end(), [&](const Current& one) {
            const auto* m = entry_of(cache.report, one);
            const auto* usual = m == nullptr ? nullptr : usual_of(cache, key.network, name, m->mirror);
            return usual != nullptr && m->usable && usual->runs >= kLeastRuns;
        });
        if (known) out.push_back(name);
    }
    return out;
}

BenchSpec for_incumbents(BenchSpec spec, const std::vector<std::string>& upstreams,
                         const std::vector<Current>& current) {
    std::int64_t mirrors = 0;
    spec.upstreams = upstreams;
    for (auto& upstream : spec.profile.upstreams) {
        upstream.fallback = Fallback::none;
        auto used = in_use(current, upstream.name);
        std::erase_if(upstream.mirrors, [&](const Mirror& mirror) {
            return std::none_of(used.begin(), used.end(), [&](const Current& one) {
                return same_mirror(mirror.url.masked(), one.url);
            });
        });
        if (std::find(upstreams.begin(), upstreams.end(), upstream.name) != upstreams.end())
            mirrors += static_cast<std::int64_t>(upstream.mirrors.size());
    }
    const auto& budget = spec.profile.policy.budget;
    spec.bytes = std::min(spec.bytes.value_or(budget.bytes), mirrors * kBytesEach);
    spec.seconds = std::min(spec.seconds.value_or(budget.seconds), kSeconds);
    return spec;
}

std::vector<std::string> confirmed_of(Report& report, const RankingCache& cache, const FreshnessInput& input,
                                      const Profile& profile) {
    std::vector<std::string> out;
    std::erase_if(report.upstreams, [&](const UpstreamReport& upstream) {
        auto current = in_use(input.current, upstream.name);
        return current.empty() || !holds(report, cache, current, input.policy.switch_margin);
    });
    for (auto& upstream : report.upstreams) {
        out.push_back(upstream.name);
        if (const auto* known = profile.find(upstream.name)) add_unasked(upstream, *known);
        upstream.unsure = false;
        upstream.why = cat(printable_line(in_use(input.current, upstream.name).front().url, 120),
                           " is in use and as fast as usual; the others were not asked");
    }
    return out;
}

void keep_alone(Report& raced, const Report& alone) {
    for (auto& upstream : raced.upstreams) {
        std::set<std::string> kept_urls;
        for (auto& m : upstream.ranking) {
            const auto* seen = entry_of(alone, {.upstream = upstream.name, .url = m.mirror.url.masked()});
            bool unasked = m.fault == Fault::budget;
            if (m.is_origin || seen == nullptr || !seen->probed || seen->fault == Fault::budget) continue;
            if (!unasked && (!m.usable || m.confirmed || !seen->confirmed)) continue;
            auto kept = *seen;
            kept.mirror = m.mirror;
            kept.requests = m.requests;
            kept.bytes = m.bytes;
            kept.layers_read.swap(m.layers_read);
            kept.layers_read.merge(m.layers_read);
            if (m.usable) {
                kept.agreed = m.agreed;
                kept.reason = m.reason;
            }
            m = std::move(kept);
            kept_urls.insert(m.mirror.url.masked());
        }
        if (kept_urls.empty()) continue;
        rank(upstream.ranking);
        const auto& first = upstream.ranking.front().mirror.url;
        if (!upstream.ranking.front().usable || !kept_urls.contains(first.masked())) continue;
        upstream.unsure = !upstream.ranking.front().confirmed;
        upstream.why = cat(printable_line(first.host, 80),
                           " is in use and was measured before the others: none of them was faster");
    }
}

RankingCache merge_confirmed(RankingCache cache, const CacheKey& key, Report& report, const Policy& policy) {
    auto raced = cache.raced_at;
    cache = merge(std::move(cache), key, report, policy);
    for (const auto& upstream : report.upstreams)
        if (auto at = raced.find(upstream.name); at != raced.end())
            cache.raced_at[upstream.name] = at->second;
    return cache;
}

}  // namespace mirrorctl::bench
