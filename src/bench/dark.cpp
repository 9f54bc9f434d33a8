#include "bench/dark.hpp"

#include "bench/ledger.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

bool reached_nobody(const Measurement& m) {
    return m.fault == Fault::dns || m.fault == Fault::connect || m.fault == Fault::proxy;
}

bool was_answered(const Measurement& m) {
    bool silent =
        reached_nobody(m) || m.fault == Fault::timeout || m.fault == Fault::tls || m.fault == Fault::budget;
    return m.probed && (m.usable || !silent || m.bytes > 0 || m.rtt_s > 0);
}

template <class Predicate>
bool any(const Report& report, const Predicate& predicate) {
    return std::any_of(report.upstreams.begin(), report.upstreams.end(), [&](const UpstreamReport& upstream) {
        return std::any_of(upstream.ranking.begin(), upstream.ranking.end(), predicate);
    });
}

}  // namespace

bool is_dark(const Report& report) {
    return any(report, [](const Measurement& m) { return m.probed; }) && !any(report, was_answered);
}

void count_unanswered(BenchSpec& spec, const Report& report, double now) {
    for (const auto& upstream : report.upstreams)
        for (const auto& m : upstream.ranking)
            if (m.requests > 0 && !reached_nobody(m))
                spec.asked_lately.push_back({.operator_name = operator_key(m.mirror, m.is_origin),
                                             .at = now,
                                             .requests = m.requests});
}

}  // namespace mirrorctl::bench
