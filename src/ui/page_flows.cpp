#include "base/strings.hpp"
#include "ui/page_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mirrorctl::ui {

namespace {

using text::TemplateValues;

// The panel's own units (viewBox in the template).
constexpr double kWidth = 200;
constexpr double kHeight = 60;
constexpr double kTop = 2;  // so that the line at the top is not cut in half

struct Axes {
    double seconds = 0;
    double bps = 0;
};

bool usable_point(const SpeedPoint& point) {
    return std::isfinite(point.at_s) && std::isfinite(point.bps) && point.at_s > 0 && point.bps >= 0;
}

Axes axes_of(const Usable& usable) {
    Axes axes;
    for (const auto* m : usable)
        for (const auto& point : m->series)
            if (usable_point(point)) {
                axes.seconds = std::max(axes.seconds, point.at_s);
                axes.bps = std::max(axes.bps, point.bps);
            }
    return axes;
}

// A point tells the mean since the one before: steps, not slopes.
std::string steps(const std::vector<SpeedPoint>& series, const Axes& axes, double& end) {
    std::string path;
    double x = 0;
    for (const auto& point : series) {
        if (!usable_point(point)) continue;
        double y = kHeight - point.bps / axes.bps * (kHeight - kTop);
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
        x = std::max(x, point.at_s / axes.seconds * kWidth);
        path += fmt::format("L{:.1f} {:.1f}", x, y);
    }
    end = x;
    return path;
}

TemplateValues panel(const Measurement& m, const Axes& axes) {
    double end = 0;
    auto curve = steps(m.series, axes, end);
    double peak = 0;
    for (const auto& point : m.series)
        if (usable_point(point)) peak = std::max(peak, point.bps);
    auto caption = cat("at most ", rate_text(peak), ", steady ", rate_text(m.throughput_bps));
    return {.strings = {{"url", url_text(m)},
                        {"curve", curve},
                        {"area", fmt::format("{}L{:.1f} {}L0 {}Z", curve, end, kHeight, kHeight)},
                        {"caption", caption},
                        {"description", cat("throughput over time: ", caption)}}};
}

}  // namespace

Section flow_panels(const Usable& usable) {
    auto axes = axes_of(usable);
    if (axes.seconds <= 0 || axes.bps <= 0) return {};
    TemplateValues flows;
    flows.strings = {{"seconds", seconds_text(axes.seconds)}, {"rate", rate_text(axes.bps)}};
    for (const auto* m : usable)
        if (std::any_of(m->series.begin(), m->series.end(), usable_point))
            flows.lists["panels"].push_back(panel(*m, axes));
    return {flows};
}

}  // namespace mirrorctl::ui
