#include "ui/pull_parts.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::ui {

std::string_view id_of(PullPart part) {
    static constexpr std::array<std::string_view, kPullParts> kIds{"dns",   "connect",    "tls",
                                                                   "token", "first_byte", "transfer"};
    return kIds.at(static_cast<std::size_t>(part));
}

std::string_view label_of(PullPart part) {
    static constexpr std::array<std::string_view, kPullParts> kLabels{"DNS",   "connect",    "TLS",
                                                                      "token", "first byte", "transfer"};
    return kLabels.at(static_cast<std::size_t>(part));
}

double PullParts::before_bytes() const {
    double sum = 0;
    for (int i = 0; i < kPullParts - 1; ++i) sum += seconds.at(static_cast<std::size_t>(i));
    return sum;
}

PullParts parts_of(const Measurement& m) {
    PullParts parts;
    if (!std::isfinite(m.predicted_pull_s) || m.predicted_pull_s <= 0) return parts;
    double left = m.predicted_pull_s;
    // What was measured may be longer than what was predicted (a retry, a clock's grain): bars never are.
    auto take = [&](PullPart part, double seconds) {
        double taken = seconds > 0 ? std::min(seconds, left) : 0;
        parts.seconds.at(static_cast<std::size_t>(part)) = taken;
        left -= taken;
    };
    double connect = std::max(0.0, m.connect_s);
    double tcp = m.rtt_s >= 0 ? std::min(m.rtt_s, connect) : connect;
    take(PullPart::dns, m.dns_s);
    take(PullPart::connect, tcp);
    take(PullPart::tls, m.mirror.url.scheme == "https" ? connect - tcp : 0);
    take(PullPart::token, m.token_s);
    take(PullPart::first_byte, m.ttfb_s);
    take(PullPart::transfer, left);
    return parts;
}

}  // namespace mirrorctl::ui
