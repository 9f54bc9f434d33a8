#include "ui/report_columns.hpp"

#include "base/strings.hpp"
#include "ui/pull_parts.hpp"
#include "ui/term.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mirrorctl::ui {

namespace {

std::string pull(const Measurement& m) {
    return m.predicted_pull_s < 0 ? "?" : (m.unsure ? "~" : "") + format_duration(m.predicted_pull_s);
}

// Three digits, like "1.93–2.41 s".
std::string interval(const Measurement& m) {
    if (m.predicted_low_s < 0 || m.predicted_high_s < 0) return "-";
    auto digits = [](double seconds) {
        return seconds < 100 ? fmt::format("{:.3g}", seconds) : fmt::format("{:.0f}", seconds);
    };
    return fmt::format("{}–{} s", digits(m.predicted_low_s), digits(m.predicted_high_s));
}

std::string rate(const Measurement& m) {
    return m.throughput_bps > 0 ? format_bytes(m.throughput_bps) + "/s" : "-";
}

template <PullPart part>
std::string time_of(const Measurement& m) {
    double seconds = parts_of(m).of(part);
    return seconds > 0 ? format_duration(seconds) : "-";
}

std::string first_byte(const Measurement& m) {
    return m.ttfb_s < 0 ? "-" : fmt::format("{:.0f} ms", m.ttfb_s * 1000);
}

// In the order in which they stand; `turn` is when each gets its room.
struct Offer {
    ReportColumn column;
    int turn;
};
constexpr int kBarTurn = 1;
constexpr std::array<Offer, 9> kOffers{{{{"pull", 9, pull}, 0},
                                        {{"interval", 13, interval}, 4},
                                        {{"rate", 11, rate}, 2},
                                        {{"DNS", 7, time_of<PullPart::dns>}, 5},
                                        {{"connect", 7, time_of<PullPart::connect>}, 5},
                                        {{"TLS", 7, time_of<PullPart::tls>}, 5},
                                        {{"token", 7, time_of<PullPart::token>}, 5},
                                        {{"manifest", 8, time_of<PullPart::manifest>}, 5},
                                        {{"first byte", 10, first_byte}, 3}}};
constexpr int kLastTurn = 5;

}  // namespace

std::vector<ReportColumn> columns_for(int room, int bar) {
    int last = 0;
    for (int turn = 1; turn <= kLastTurn; ++turn) {
        int needed = turn >= kBarTurn ? bar : 0;
        for (const auto& offer : kOffers)
            if (offer.turn <= turn) needed += offer.column.width + 1;
        if (needed <= room) last = turn;
    }
    std::vector<ReportColumn> out;
    for (const auto& offer : kOffers)
        if (offer.turn <= last) out.push_back(offer.column);
    return out;
}

std::string right(const std::string& text, int width) {
    int used = columns(text);
    if (used > width) return fit(text, width);
    return std::string(static_cast<std::size_t>(width - used), ' ') + text;
}

std::string wrapped(const std::string& text, int width, int indent) {
    std::string out;
    int used = 0;
    for (const auto& word : split(text, ' ')) {
        int wide = columns(word);
        if (used > 0 && used + 1 + wide > width) {
            out += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
            used = 0;
        } else if (used > 0) {
            out += ' ';
            ++used;
        }
        out += word;
        used += wide;
    }
    return out;
}

}  // namespace mirrorctl::ui
