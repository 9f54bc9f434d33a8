#include "ui/pull_parts.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::ui {

std::string_view id_of(PullPart part) {
    static constexpr std::array<std::string_view, kPullParts> kIds{
        "dns", "connect", "tls", "token", "manifest", "first_byte", "transfer"};
    return kIds.at(static_cast<std::size_t>(part));
}

std::string_view label_of(PullPart part) {
    static constexpr std::array<std::string_view, kPullParts> kLabels{
        "DNS", "connect", "TLS", "token", "manifest", "first byte", "transfer"};
    return kLabels.at(static_cast<std::size_t>(part));
}

double PullParts::before_bytes() const {
    double sum = 0;
    for (int i = 0; i < kPullParts - 1; ++i) sum += seconds.at(static_cast<std::size_t>(i));
    return sum;
}

namespace {

// A ranking of an older version has no phases, only what was measured.
PullPhases phases_of(const Measurement& m) {
    if (m.phases != PullPhases{}) return m.phases;
    double connect = std::max(0.0, m.connect_s);
    double tcp = m.rtt_s >= 0 ? std::min(m.rtt_s, connect) : connect;
    return {.dns_s = m.dns_s,
            .connect_s = tcp,
            .tls_s = m.mirror.url.scheme == "https" ? connect - tcp : -1,
            .token_s = m.token_s,
            .first_byte_s = m.ttfb_s};
}

}  // namespace

PullParts parts_of(const Measurement& m) {
    PullParts parts;
    if (!std::isfinite(m.predicted_pull_s) || m.predicted_pull_s <= 0) return parts;
    auto phases = phases_of(m);
    double left = m.predicted_pull_s;
    // What was measured may be longer than what was predicted (a retry, a clock's grain): bars never are.
    auto take = [&](PullPart part, double seconds) {
        double taken = seconds > 0 ? std::min(seconds, left) : 0;
        parts.seconds.at(static_cast<std::size_t>(part)) = taken;
        left -= taken;
    };
    take(PullPart::dns, phases.dns_s);
    take(PullPart::connect, phases.connect_s);
    take(PullPart::tls, phases.tls_s);
    take(PullPart::token, phases.token_s);
    take(PullPart::manifest, phases.manifest_s);
    take(PullPart::first_byte, phases.first_byte_s);
    take(PullPart::transfer, left);
    return parts;
}

}  // namespace mirrorctl::ui
