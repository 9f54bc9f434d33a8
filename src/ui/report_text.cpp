#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

std::string milliseconds(double seconds) {
    return seconds < 0 ? "-" : fmt::format("{:.0f} ms", seconds * 1000);
}

std::string rate(double bytes_per_second) {
    return bytes_per_second <= 0 ? "-" : format_bytes(bytes_per_second) + "/s";
}

std::string label(const Measurement& m) {
    return m.mirror.url.masked() + (m.is_origin ? " (origin)" : "");
}

int label_width(const UpstreamReport& upstream, const Term& term) {
    int widest = 20;
    for (const auto& m : upstream.ranking) widest = std::max(widest, columns(label(m)));
    return std::min(widest, std::max(24, term.width() - 56));
}

std::string usable_line(const Measurement& m, int rank, int width, double best, const Term& term) {
    auto time = m.predicted_pull_s < 0 ? std::string("?") : format_duration(m.predicted_pull_s);
    double share = m.predicted_pull_s <= 0 ? 0 : best / m.predicted_pull_s;  // a longer bar is faster
    return fmt::format("  {:>2}. {} {} {:>8}  {:>11}  first byte {:>8}\n", rank,
                       fit(printable(label(m)), width), term.green(bar(share, 10)), time,
                       rate(m.throughput_bps), milliseconds(m.ttfb_s));
}

std::string rejected_line(const Measurement& m, int width, const Term& term) {
    return fmt::format("   {} {} {}\n", term.red("x"), fit(printable(label(m)), width + 1),
                       printable_line(m.reason));
}

}  // namespace

std::string report_text(const Report& report, const Term& term) {
    std::string out;
    for (const auto& upstream : report.upstreams) {
        out += term.bold(upstream.name) + term.dim("  predicted time to pull 30 MiB in 3 layers") + "\n";
        int width = label_width(upstream, term);
        double best = 0;
        for (const auto& m : upstream.ranking)
            if (m.usable && m.predicted_pull_s > 0)
                best = best > 0 ? std::min(best, m.predicted_pull_s) : m.predicted_pull_s;
        int rank = 0;
        for (const auto& m : upstream.ranking)
            out += m.usable ? usable_line(m, ++rank, width, best, term) : rejected_line(m, width, term);
        if (rank == 0) out += term.red("  no usable mirror and no usable origin") + "\n";
    }
    out +=
        term.dim(fmt::format("measured in {} with {} in {} requests, {}", format_duration(report.elapsed_s),
                             format_bytes(static_cast<double>(report.bytes)), report.requests,
                             report.route.empty() || report.route == "direct"
                                 ? "direct"
                                 : "through " + printable_line(mask_secrets(report.route)))) +
        "\n";
    return out;
}

}  // namespace mirrorctl::ui
