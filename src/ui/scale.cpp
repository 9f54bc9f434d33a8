#include "ui/scale.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::ui {

namespace {
constexpr double kFar = 6;        // times the smallest
constexpr double kMargin = 1.04;  // of the axis behind the last bar
constexpr double kRoom = 1.5;     // times the smallest: so much is always shown where bars are cut
constexpr int kTicks = 5;
}  // namespace

Scale Scale::of(const std::vector<double>& values) {
    double smallest = 0;
    for (double value : values)
        if (value > 0 && std::isfinite(value)) smallest = smallest > 0 ? std::min(smallest, value) : value;
    if (smallest <= 0) return Scale(1);
    double end = smallest;
    bool cut = false;
    for (double value : values) {
        if (value <= kFar * smallest) end = std::max(end, value);
        cut = cut || value > kFar * smallest;
    }
    if (cut) end = std::max(end, kRoom * smallest);
    return Scale(end * kMargin);
}

double Scale::share(double value) const {
    return value > 0 ? std::min(value / end_, 1.0) : 0;
}

std::vector<double> Scale::ticks() const {
    double rough = end_ / kTicks;
    double unit = std::pow(10, std::floor(std::log10(rough)));
    double step = unit * 10;
    for (double factor : {1.0, 2.0, 5.0})
        if (unit * factor >= rough * 0.999) {
            step = unit * factor;
            break;
        }
    std::vector<double> out;
    for (int i = 1; i * step <= end_; ++i) out.push_back(i * step);
    return out;
}

}  // namespace mirrorctl::ui
