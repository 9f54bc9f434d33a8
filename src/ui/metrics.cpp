#include "ui/metrics.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace mirrorctl::ui {

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

constexpr std::string_view kSuccess = "mirrorctl_last_success_timestamp_seconds";

// In a label's value backslash, quote and line feed are escaped; other control characters are none of ours.
std::string escaped(std::string_view value) {
    auto text = replace_all(printable_line(value, 300), "\\", "\\\\");
    return replace_all(std::move(text), "\"", "\\\"");
}

std::string labelled(std::string_view name, const Labels& labels) {
    std::string out(name);
    for (std::size_t i = 0; i < labels.size(); ++i)
        out += cat(i == 0 ? "{" : ",", labels[i].first, "=\"", escaped(labels[i].second), "\"");
    return labels.empty() ? out : out + "}";
}

// Every sample says whose it is: the reader keeps the files of all commands in one registry, where a series
// stands once.
class Page {
  public:
    explicit Page(const std::string& command) : command_(command) {}
    // The lines of one metric stand together, after its HELP and TYPE.
    void metric(std::string_view name, std::string_view help) {
        name_ = name;
        help_ = help;
        begun_ = false;
    }
    void sample(const Labels& labels, double value) {
        if (!std::isfinite(value)) return;
        if (!begun_) text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name_, help_, name_);
        begun_ = true;
        Labels all{{"command", command_}};
        all.insert(all.end(), labels.begin(), labels.end());
        text_ += fmt::format("{} {}\n", labelled(name_, all), value);
    }
    void single(std::string_view name, std::string_view help, const Labels& labels, double value) {
        metric(name, help);
        sample(labels, value);
    }
    std::string text() && { return std::move(text_); }

  private:
    std::string command_;
    std::string text_ = {};
    std::string_view name_ = {};
    std::string_view help_ = {};
    bool begun_ = false;
};

// Seconds since 1970 of a date at midnight UTC (Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms").
std::optional<double> seconds_of_date(std::string_view date) {
    auto parts = split(date, '-');
    if (parts.size() != 3) return std::nullopt;
    auto year = parse_integer(parts[0]);
    auto month = parse_integer(parts[1]);
    auto day = parse_integer(parts[2]);
    if (!year || !month || !day || *year < 1970 || *year > 9999 || *month < 1 || *month > 12 || *day < 1 ||
        *day > 31)
        return std::nullopt;
    auto y = *month <= 2 ? *year - 1 : *year;
    auto era = y / 400;
    auto in_era = y - era * 400;
    auto in_year = (153 * (*month + (*month > 2 ? -3 : 9)) + 2) / 5 + *day - 1;
    auto days = era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
    return static_cast<double>(days) * 86400.0;
}

void add_run(Page& page, const MetricsDocument& document) {
    page.single("mirrorctl_build_info", "The version that wrote this file.", {{"version", document.version}},
                1);
    page.single("mirrorctl_last_run_timestamp_seconds", "When the last run ended.", {}, document.at);
    page.single("mirrorctl_last_run_duration_seconds", "How long the last run took.", {},
                document.duration_s);
    page.single("mirrorctl_last_run_exit_code", "How the last run ended: 0 is well, 8 no usable mirror.", {},
                document.exit_code);
    if (document.last_success)
        page.single(kSuccess, "When a run last ended with 0.", {}, *document.last_success);
    if (document.changed)
        page.single("mirrorctl_last_run_changed", "1 if the last run changed this node.", {},
                    *document.changed ? 1 : 0);
    if (document.pending)
        page.single("mirrorctl_pending_steps", "Changes that wait for a restart, or for somebody.", {},
                    static_cast<double>(*document.pending));
    if (auto as_of = seconds_of_date(document.profile_as_of))
        page.single("mirrorctl_profile_as_of_timestamp_seconds", "The day up to which the profile was kept.",
                    {{"profile", document.profile}}, *as_of);
}

struct Figure {
    std::string_view name;
    std::string_view help;
    double (*value)(const Measurement&);
};

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<Figure, 5> kFigures{{
    {"mirrorctl_mirror_usable", "1 if a pull through this mirror would work.",
     [](const Measurement& m) { return m.usable ? 1.0 : 0.0; }},
    {"mirrorctl_mirror_predicted_pull_seconds", "Predicted time to pull 30 MiB in 3 layers.",
     [](const Measurement& m) {
         return m.usable && m.predicted_pull_s >= 0 ? m.predicted_pull_s : kUnknown;
     }},
    {"mirrorctl_mirror_throughput_bytes_per_second", "Measured rate of blobs.",
     [](const Measurement& m) { return m.throughput_bps >= 0 ? m.throughput_bps : kUnknown; }},
    {"mirrorctl_mirror_measured_bytes", "Bytes that the last measurement took from this mirror.",
     [](const Measurement& m) { return static_cast<double>(m.bytes); }},
    {"mirrorctl_mirror_measured_requests", "Requests that the last measurement sent to this mirror.",
     [](const Measurement& m) { return static_cast<double>(m.requests); }},
}};

void add_mirrors(Page& page, const Report& report) {
    page.single("mirrorctl_ranking_timestamp_seconds", "When the ranking was measured.", {}, report.taken_at);
    for (const auto& figure : kFigures) {
        page.metric(figure.name, figure.help);
        for (const auto& upstream : report.upstreams)
            for (const auto& m : upstream.ranking)
                page.sample({{"upstream", upstream.name},
                             {"mirror", m.mirror.url.masked()},
                             {"operator", m.mirror.operator_name},
                             {"origin", m.is_origin ? "true" : "false"}},
                            figure.value(m));
    }
}

}  // namespace

std::string metrics_text(const MetricsDocument& document) {
    Page page(document.command);
    add_run(page, document);
    if (document.report) add_mirrors(page, *document.report);
    return std::move(page).text();
}

std::optional<double> last_success_in(std::string_view text, const std::string& command) {
    auto start = labelled(kSuccess, {{"command", command}}) + " ";
    for (const auto& line : split(text, '\n')) {
        if (!line.starts_with(start)) continue;
        double value = 0;
        const char* end = line.data() + line.size();
        auto [stop, error] = std::from_chars(line.data() + start.size(), end, value);
        if (error == std::errc() && stop == end && std::isfinite(value) && value > 0) return value;
    }
    return std::nullopt;
}

}  // namespace mirrorctl::ui
