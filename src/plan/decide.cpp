#include "plan/decide.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::plan {

namespace {

constexpr double kNearEqual = 0.10;

using Ranked = std::vector<Measurement>;

bool may_resolve(const Measurement& m) {
    return m.mirror.trust == Trust::resolve || (m.mirror.trust == Trust::verify && m.agreed);
}

ChosenMirror chosen(const Measurement& m) {
    return {.mirror = m.mirror,
            .may_resolve = may_resolve(m),
            .measured = m.samples > 0 || m.predicted_pull_s >= 0,
            .predicted_pull_s = m.predicted_pull_s};
}

// What all runs in this network say together; one run alone is full of noise.
double score(const Measurement& m) {
    return m.usual_pull_s >= 0 && m.predicted_pull_s >= 0 ? m.usual_pull_s : m.predicted_pull_s;
}

// Puts the mirrors whose time is within 10 % of the best into the order of a hash, so that a fleet spreads.
void spread_near_equals(Ranked& ranked, const std::string& machine_id) {
    if (machine_id.empty() || ranked.empty()) return;
    double limit = score(ranked.front()) * (1 + kNearEqual);
    auto end = std::find_if(ranked.begin(), ranked.end(),
                            [&](const Measurement& m) { return score(m) < 0 || score(m) > limit; });
    auto key = [&](const Measurement& m) { return sha256_hex(machine_id + "\n" + m.mirror.url.host); };
    std::stable_sort(ranked.begin(), end,
                     [&](const Measurement& a, const Measurement& b) { return key(a) < key(b); });
}

// The order that stands on the node wins over small differences: the incumbents keep their places unless one
// failed or the best challenger is faster by the margin.
void keep_incumbents(Ranked& ranked, const std::vector<std::string>& current, double margin) {
    auto position = [&](const Measurement& m) {
        auto it = std::find_if(current.begin(), current.end(),
                               [&](const std::string& url) { return same_mirror(m.mirror.url.str(), url); });
        return it - current.begin();
    };
    auto count = static_cast<std::ptrdiff_t>(current.size());
    auto incumbent =
        std::find_if(ranked.begin(), ranked.end(), [&](const Measurement& m) { return position(m) == 0; });
    if (current.empty() || incumbent == ranked.end()) return;
    double best = score(ranked.front());
    if (score(*incumbent) >= 0 && best >= 0 && best < score(*incumbent) * (1 - margin)) return;
    std::stable_sort(ranked.begin(), ranked.end(), [&](const Measurement& a, const Measurement& b) {
        auto pa = position(a);
        auto pb = position(b);
        return pa != pb && pa < count && pa < pb;
    });
}

// Drops what ranks behind a usable origin; preferred mirrors stay in any case. Against an incumbent the
// origin is a challenger like any other: it must be faster by the margin.
void drop_behind_origin(Ranked& ranked, const Ranked& all, const std::vector<std::string>& current,
                        double margin) {
    auto origin =
        std::find_if(all.begin(), all.end(), [](const Measurement& m) { return m.is_origin && m.usable; });
    if (origin == all.end() || score(*origin) < 0) return;
    std::erase_if(ranked, [&](const Measurement& m) {
        if (m.mirror.prefer) return false;
        bool incumbent = std::any_of(current.begin(), current.end(),
                                     [&](const auto& url) { return same_mirror(m.mirror.url.str(), url); });
        double limit = incumbent ? score(m) * (1 - margin) : score(m);
        return score(m) < 0 || score(*origin) <= limit;
    });
}

Ranked usable_mirrors(const Ranked& all) {
    Ranked ranked;
    for (const auto& m : all)
        if (m.usable && !m.is_origin) ranked.push_back(m);
    // Unmeasured ones (-1) keep their order behind the measured ones.
    std::stable_sort(ranked.begin(), ranked.end(), [](const Measurement& a, const Measurement& b) {
        if ((score(a) < 0) != (score(b) < 0)) return score(b) < 0;
        return score(a) < score(b);
    });
    return ranked;
}

bool origin_usable(const Ranked& all) {
    return std::any_of(all.begin(), all.end(), [](const Measurement& m) { return m.is_origin && m.usable; });
}

// Nothing is known of it: it was not asked, or not reached. Any other fault is an answer, and speaks against
// it.
bool is_unknown(const Measurement& m) {
    constexpr std::array kSilent{Fault::none,  Fault::dns,     Fault::connect, Fault::timeout, Fault::tls,
                                 Fault::reset, Fault::stalled, Fault::budget,  Fault::proxy};
    return !m.usable && (!m.probed || std::find(kSilent.begin(), kSilent.end(), m.fault) != kSilent.end());
}

// Mirrors that nothing is known of, in profile order: for --offline without a cache and --allow-unmeasured.
Ranked unmeasured(const Upstream& upstream, const Ranked& all) {
    Ranked ranked;
    for (const auto& mirror : upstream.mirrors) {
        bool answered = std::any_of(all.begin(), all.end(), [&](const Measurement& m) {
            return !m.is_origin && m.mirror.url == mirror.url && !is_unknown(m);
        });
        if (mirror.trust == Trust::pull || answered) continue;
        ranked.push_back({.mirror = mirror,
                          .usable = true,
                          .probed = false,
                          .reason = "not measured, in the profile's order"});
    }
    return ranked;
}

void warn_few_resolvers(const DesiredUpstream& upstream, const Ranked& all, std::vector<Warning>& warnings) {
    if (origin_usable(all) || upstream.mirrors.empty()) return;
    auto resolvers = std::count_if(upstream.mirrors.begin(), upstream.mirrors.end(),
                                   [](const ChosenMirror& m) { return m.may_resolve; });
    if (resolvers >= 2) return;
    warnings.push_back({.code = "few_resolvers",
                        .message = cat(upstream.name, ": the origin is not reachable and only ", resolvers,
                                       " mirror(s) may resolve tags: pulls by tag hang on ",
                                       resolvers == 0 ? "nothing" : "one operator"),
                        .hint = "add a mirror that you trust with `trust: resolve` to your own profile"});
}

const UpstreamReport* find_report(const Report& report, const std::string& name) {
    auto it = std::find_if(report.upstreams.begin(), report.upstreams.end(),
                           [&](const UpstreamReport& r) { return r.name == name; });
    return it == report.upstreams.end() ? nullptr : &*it;
}

}  // namespace

Decision decide(const DecideInput& input) {
    Decision decision;
    decision.desired.keep = input.profile.policy.keep;
    for (const auto& upstream : input.profile.upstreams) {
        if (std::find(input.scope.begin(), input.scope.end(), upstream.name) == input.scope.end()) {
            decision.desired.untouched.push_back(upstream.name);
            continue;
        }
        const auto* report = find_report(input.report, upstream.name);
        Ranked all = report != nullptr ? report->ranking : Ranked{};
        Ranked ranked = usable_mirrors(all);
        if (ranked.empty() && !origin_usable(all) && input.allow_unmeasured) {
            ranked = unmeasured(upstream, all);
            if (!ranked.empty())
                decision.warnings.push_back(
                    {.code = "unmeasured",
                     .message = upstream.name + ": mirrors are written unmeasured, in the profile's order",
                     .hint = "run mirrorctl apply again when the network is up"});
        }
        if (ranked.empty() && !origin_usable(all)) {
            decision.desired.untouched.push_back(upstream.name);
            continue;
        }
        decision.anything_usable = true;
        auto found = input.current.find(upstream.name);
        auto current = found == input.current.end() ? std::vector<std::string>{} : found->second;
        double margin = input.profile.policy.switch_margin;
        spread_near_equals(ranked, input.machine_id);
        keep_incumbents(ranked, current, margin);
        if (upstream.fallback == Fallback::origin) drop_behind_origin(ranked, all, current, margin);
        std::stable_partition(ranked.begin(), ranked.end(),
                              [](const Measurement& m) { return m.mirror.prefer; });
        DesiredUpstream desired{
            .name = upstream.name, .origin = upstream.origin, .fallback = upstream.fallback, .mirrors = {}};
        for (const auto& m : ranked) desired.mirrors.push_back(chosen(m));
        warn_few_resolvers(desired, all, decision.warnings);
        decision.desired.upstreams.push_back(std::move(desired));
    }
    return decision;
}

}  // namespace mirrorctl::plan
