#include "bench/score.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::bench {

namespace {

constexpr double kPlainDelay = 0.25;  // seconds that a size-dependent delay must show before it is believed
constexpr double kNoteworthyWait = 0.5;  // seconds to the first byte of a blob that are worth a word
constexpr double kSlowest = 1.0;         // bytes per second, so that nothing divides by zero

double layer_wait(const Phases& phases) {
    return phases.delay_per_byte * kLargestLayer;
}

int group_of(const Measurement& m) {
    if (m.usable) return m.predicted_pull_s >= 0 ? 0 : 1;
    return m.probed ? 2 : 3;
}

}  // namespace

double predicted_pull(const Phases& phases, double bytes_per_second) {
    double rate = std::max(bytes_per_second, kSlowest);
    double setup = phases.dns + phases.connect + phases.token + phases.index + phases.manifest + phases.blob;
    double rounds = std::log2(std::max(1.0, rate * phases.rtt / kInitialWindow));
    // While the largest waits, the others come.
    double transfer = std::max(kReferenceBytes / rate, layer_wait(phases) + kLargestLayer / rate);
    return setup + rounds * phases.rtt + transfer;
}

PullPhases phases_of_pull(const Phases& phases, double bytes_per_second) {
    PullPhases out{.dns_s = phases.dns,
                   .connect_s = phases.connect - phases.tls,
                   .tls_s = phases.tls,
                   .token_s = phases.token,
                   .manifest_s = phases.index + phases.manifest,
                   .first_byte_s = phases.blob + layer_wait(phases)};
    if (bytes_per_second < 0) return out;
    out.transfer_s = predicted_pull(phases, bytes_per_second) - out.dns_s - phases.connect - out.token_s -
                     out.manifest_s - out.first_byte_s;
    return out;
}

Prediction predict(const Phases& phases, const Estimate& estimate) {
    if (!estimate.known()) return {};
    return {.expected = predicted_pull(phases, estimate.rate),
            .best = predicted_pull(phases, estimate.high),
            .worst = predicted_pull(phases, estimate.low)};
}

double size_delay(double small_first_byte, std::int64_t small_bytes, double big_first_byte,
                  std::int64_t big_bytes, double rtt) {
    double extra = big_first_byte - small_first_byte;
    if (big_bytes <= small_bytes || extra < std::max(kPlainDelay, 3 * rtt)) return 0;
    return extra / static_cast<double>(big_bytes - small_bytes);
}

bool near_equal(double leader, double challenger) {
    return challenger <= leader * (1 + kNearEqual);
}

void rank(std::vector<Measurement>& measurements) {
    std::stable_sort(measurements.begin(), measurements.end(),
                     [](const Measurement& a, const Measurement& b) {
                         int left = group_of(a);
                         int right = group_of(b);
                         if (left != right) return left < right;
                         return left == 0 && a.predicted_pull_s < b.predicted_pull_s;
                     });
}

std::string describe(const Measurement& m, const Phases& phases, const Estimate& estimate) {
    if (m.predicted_pull_s < 0) return "serves the image; its speed was not measured";
    std::string text = cat(format_bytes(m.throughput_bps), "/s, first byte after ",
                           format_duration(std::max(0.0, m.ttfb_s)));
    if (phases.delay_per_byte > 0)
        text += cat("; waits before it serves, about ", format_duration(phases.delay_per_byte * 1048576),
                    " per MiB");
    else if (m.ttfb_s > kNoteworthyWait)
        text += "; it waits before it serves";
    if (estimate.throttled)
        text += cat("; throttled: it began with ", format_bytes(estimate.first_rate), "/s");
    if (!m.final_host.empty() && m.final_host != m.mirror.url.authority())
        text += cat("; blobs come from ", printable_line(m.final_host, 80));
    if (!m.shared_from.empty()) text += cat("; speed taken from ", printable_line(m.shared_from, 80));
    if (!m.confirmed) text += "; short look only";
    return text;
}

}  // namespace mirrorctl::bench
