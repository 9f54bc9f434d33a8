#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"
#include "ui/pull_parts.hpp"
#include "ui/report_columns.hpp"
#include "ui/scale.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

constexpr int kRank = 6;       // "  12. "
constexpr int kNarrowest = 8;  // of a label
constexpr int kLabel = 24;     // what a label gets before columns do
constexpr int kLongBar = 30;

std::string label(const Measurement& m) {
    return printable_line(m.mirror.url.masked() + (m.is_origin ? " (origin)" : ""), 300);
}

// The ranking of one upstream as a table that fits the terminal's width.
class Table {
  public:
    Table(const UpstreamReport& upstream, const Term& term) : upstream_(upstream), term_(term) {
        std::vector<double> times;
        int widest = kNarrowest;
        for (const auto& m : upstream.ranking) {
            if (m.usable) times.push_back(m.predicted_pull_s);
            widest = std::max(widest, columns(label(m)));
        }
        scale_ = Scale::of(times);
        lay_out(widest);
    }

    std::string text() const {
        std::string out;
        int rank = 0;
        for (const auto& m : upstream_.ranking) out += m.usable ? usable_line(m, ++rank) : rejected_line(m);
        if (rank > 0) return head() + out;
        return out + term_.red("  no usable mirror and no usable origin") + "\n";
    }

  private:
    void lay_out(int widest) {
        int room = term_.width() - kRank - std::min(widest, kLabel);
        columns_ = columns_for(room, kShortBar + 1);
        for (const auto& column : columns_) room -= column.width + 1;
        bar_ = room > kShortBar ? kShortBar : 0;
        if (bar_ > 0) room -= kShortBar + 1;
        label_ = std::clamp(std::min(widest, kLabel) + room, kNarrowest, widest);
        // What the labels leave goes to the bars.
        int left = std::min(widest, kLabel) + room - label_;
        if (bar_ > 0) bar_ = std::clamp(bar_ + left, kShortBar, kLongBar);
    }

    std::string head() const {
        auto line = std::string(static_cast<std::size_t>(kRank + label_ + (bar_ > 0 ? bar_ + 1 : 0)), ' ');
        for (const auto& column : columns_) line += " " + right(std::string(column.head), column.width);
        return term_.dim(line) + "\n";
    }

    std::string usable_line(const Measurement& m, int rank) const {
        auto line = fmt::format("  {:>2}. {}", rank, fit(label(m), label_));
        if (bar_ > 0) line += " " + stacked_bar(m);
        for (const auto& column : columns_) line += " " + right(column.value(m), column.width);
        return line + "\n";
    }

    std::string rejected_line(const Measurement& m) const {
        auto reason = mask_secrets(printable_line(m.reason));
        auto start = fmt::format("   {}  {} ", term_.red("x"), fit(label(m), label_));
        int indent = kRank + label_ + 1;
        if (!term_.is_terminal() || indent + columns(reason) <= term_.width()) return start + reason + "\n";
        if (term_.width() - indent < kLabel) {
            indent = kRank;
            start += "\n" + std::string(kRank, ' ');
        }
        return start + wrapped(reason, term_.width() - indent, indent) + "\n";
    }

    // What comes before bytes flow, and the bytes; a bar that is longer than the axis ends in an arrow.
    std::string stacked_bar(const Measurement& m) const {
        auto cells = [&](double seconds) { return static_cast<int>(scale_.share(seconds) * bar_ + 0.5); };
        auto parts = parts_of(m);
        int all = parts.total() > 0 ? std::max(1, cells(parts.total())) : 0;
        int before = std::min(all, cells(parts.before_bytes()));
        bool cut = scale_.cuts(parts.total());
        std::string waiting, flowing;
        for (int i = 0; i < before; ++i) waiting += "▒";
        for (int i = before; i < all; ++i) flowing += cut && i == all - 1 ? "»" : "█";
        return term_.yellow(waiting) + term_.green(flowing) +
               std::string(static_cast<std::size_t>(bar_ - all), ' ');
    }

    const UpstreamReport& upstream_;
    const Term& term_;
    Scale scale_ = Scale::of({});
    std::vector<ReportColumn> columns_;
    int label_ = kNarrowest;
    int bar_ = 0;
};

std::string closing_line(const Report& report) {
    bool direct = report.route.empty() || report.route == "direct";
    return fmt::format("measured in {} with {} in {} requests, {}", format_duration(report.elapsed_s),
                       format_bytes(static_cast<double>(report.bytes)), report.requests,
                       direct ? "direct" : "through " + printable_line(mask_secrets(report.route)));
}

// Programs read pipes by lines; on a terminal `text`, behind `used` columns, is broken between words.
std::string for_people(const std::string& text, int used, const Term& term) {
    if (!term.is_terminal() || used + columns(text) <= term.width()) return term.dim(text);
    return (used > 0 ? "\n" : "") + term.dim(wrapped(text, term.width(), 0));
}

std::string remarks(const UpstreamReport& upstream, const Term& term) {
    std::string out;
    if (!upstream.why.empty())
        out += "  " + for_people(mask_secrets(printable_line(upstream.why, 400)), 2, term) + "\n";
    bool unsure = std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                              [](const Measurement& m) { return m.unsure; });
    if (unsure)
        out +=
            term.yellow("  ~ unsure") + for_people(": looked at too shortly to be certain", 10, term) + "\n";
    return out;
}

}  // namespace

std::string report_text(const Report& report, const Term& term) {
    std::string out;
    for (const auto& upstream : report.upstreams) {
        out += term.bold(printable_line(upstream.name)) +
               for_people("  predicted time to pull 30 MiB in 3 layers", columns(upstream.name), term) + "\n";
        out += Table(upstream, term).text() + remarks(upstream, term);
    }
    return out + for_people(closing_line(report), 0, term) + "\n";
}

}  // namespace mirrorctl::ui
