#include "base/strings.hpp"
#include "ui/page_parts.hpp"
#include "ui/pull_parts.hpp"
#include "ui/scale.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

using text::TemplateValues;

std::string percent(double share) {
    return fmt::format("{:.3f}%", share * 100);
}

Section ticks_of(const Scale& scale) {
    Section out;
    bool in_seconds = scale.end() >= 1;
    for (double tick : scale.ticks()) {
        if (scale.share(tick) > 0.97) continue;  // its label would be cut
        out.push_back({.strings = {{"at", percent(scale.share(tick))},
                                   {"label", in_seconds ? fmt::format("{:g} s", tick)
                                                        : fmt::format("{:g} ms", tick * 1000)}}});
    }
    return out;
}

// What `parts` draw up to (without) `end`, left to right; what lies behind the axis is left out.
Section segments(const PullParts& parts, int end, const Scale& scale) {
    Section out;
    double from = 0;
    for (int i = 0; i < end; ++i) {
        auto part = static_cast<PullPart>(i);
        double to = from + parts.of(part);
        double width = scale.share(to) - scale.share(from);
        if (width > 0)
            out.push_back({.strings = {{"part", std::string(id_of(part))},
                                       {"label", std::string(label_of(part))},
                                       {"time", seconds_text(parts.of(part))},
                                       {"x", percent(scale.share(from))},
                                       {"width", percent(width)}}});
        from = to;
    }
    return out;
}

// The bar in words, for those who do not see it.
std::string in_words(const PullParts& parts, int end) {
    std::vector<std::string> words;
    for (int i = 0; i < end; ++i) {
        auto part = static_cast<PullPart>(i);
        if (parts.of(part) > 0) words.push_back(cat(label_of(part), " ", seconds_text(parts.of(part))));
    }
    return join(words, ", ");
}

bool has_interval(const Measurement& m) {
    return m.predicted_low_s >= 0 && m.predicted_high_s > m.predicted_low_s;
}

TemplateValues pull_bar(const Measurement& m, const Scale& scale) {
    auto parts = parts_of(m);
    TemplateValues bar;
    bar.strings["description"] = cat(seconds_text(m.predicted_pull_s), ": ", in_words(parts, kPullParts));
    bar.lists["parts"] = segments(parts, kPullParts, scale);
    bar.lists["cut"] = shown_if(scale.cuts(m.predicted_pull_s));
    bar.lists["interval"] = {};
    if (has_interval(m) && !scale.cuts(m.predicted_pull_s))
        bar.lists["interval"].push_back({.strings = {{"low", percent(scale.share(m.predicted_low_s))},
                                                     {"high", percent(scale.share(m.predicted_high_s))}}});
    return bar;
}

TemplateValues pull_row(const Measurement& m, std::size_t rank, const Scale& scale) {
    TemplateValues row;
    row.strings = {{"rank", std::to_string(rank)},
                   {"url", url_text(m)},
                   {"time", m.predicted_pull_s < 0 ? "" : seconds_text(m.predicted_pull_s)}};
    row.lists = {{"tags", tags_of(m)}, {"note", {}}, {"pull", {}}, {"range", {}}};
    if (!m.reason.empty()) row.lists["note"].push_back({.strings = {{"text", clean(m.reason)}}});
    if (m.predicted_pull_s > 0) row.lists["pull"].push_back(pull_bar(m, scale));
    if (has_interval(m))
        row.lists["range"].push_back({.strings = {{"from", seconds_text(m.predicted_low_s)},
                                                  {"to", seconds_text(m.predicted_high_s)}}});
    return row;
}

}  // namespace

Section legend() {
    Section out;
    for (int i = 0; i < kPullParts; ++i) {
        auto part = static_cast<PullPart>(i);
        out.push_back(
            {.strings = {{"part", std::string(id_of(part))}, {"label", std::string(label_of(part))}}});
    }
    return out;
}

Section pull_chart(const Usable& usable) {
    if (usable.empty()) return {};
    std::vector<double> times;
    for (const auto* m : usable) {
        times.push_back(m->predicted_pull_s);
        if (has_interval(*m)) times.push_back(std::min(m->predicted_high_s, 2 * m->predicted_pull_s));
    }
    auto scale = Scale::of(times);
    TemplateValues chart;
    chart.lists = {{"ticks", ticks_of(scale)}, {"rows", {}}, {"legend", legend()}};
    bool cuts = false;
    for (std::size_t i = 0; i < usable.size(); ++i) {
        chart.lists["rows"].push_back(pull_row(*usable[i], i + 1, scale));
        cuts = cuts || scale.cuts(usable[i]->predicted_pull_s);
    }
    chart.lists["cuts"] = shown_if(cuts);
    return {chart};
}

Section wait_chart(const Usable& usable) {
    constexpr int kEnd = kPullParts - 1;
    std::vector<double> times;
    for (const auto* m : usable) times.push_back(parts_of(*m).before_bytes());
    if (std::none_of(times.begin(), times.end(), [](double seconds) { return seconds > 0; })) return {};
    auto scale = Scale::of(times);
    TemplateValues chart;
    chart.lists = {{"ticks", ticks_of(scale)}, {"rows", {}}};
    bool cuts = false;
    for (std::size_t i = 0; i < usable.size(); ++i) {
        if (times[i] <= 0) continue;
        auto parts = parts_of(*usable[i]);
        TemplateValues row;
        row.strings = {{"rank", std::to_string(i + 1)},
                       {"url", url_text(*usable[i])},
                       {"time", seconds_text(times[i])},
                       {"description", cat(seconds_text(times[i]), ": ", in_words(parts, kEnd))}};
        row.lists = {{"parts", segments(parts, kEnd, scale)}, {"cut", shown_if(scale.cuts(times[i]))}};
        chart.lists["rows"].push_back(std::move(row));
        cuts = cuts || scale.cuts(times[i]);
    }
    chart.lists["cuts"] = shown_if(cuts);
    return {chart};
}

}  // namespace mirrorctl::ui
