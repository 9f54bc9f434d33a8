#include "bench/line.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr double kStep = 0.01;  // seconds between points
constexpr double kBeforeJudged = 0.25;
constexpr double kFewFill = 10e6;  // bytes per second
constexpr double kWatched = 0.6;
constexpr double kWhile = 0.4;
constexpr double kMostly = 0.6;  // of the line: one flow has it nearly for itself
constexpr double kAsMuch = 0.92;
constexpr double kNotMore = 1.1;

}  // namespace

// Mean over the last `seconds`, as if nothing had come before the first look.
double Line::since(double now, double bytes, double seconds) const {
    auto from =
        std::find_if(points_.rbegin(), points_.rend(), [&](const Point& p) { return p.at <= now - seconds; });
    const auto& first = from == points_.rend() ? points_.front() : *from;
    return (bytes - first.bytes) / std::max(now - first.at, seconds);
}

void Line::watch(double now, double bytes, const Traffic& traffic) {
    if (!points_.empty() && now - points_.back().at < kStep) return;
    points_.push_back({now, bytes});
    while (points_.size() > 2 && points_[1].at <= now - kWhile) points_.pop_front();
    rate_ = since(now, bytes, kMoment);
    if (!traffic.caught_up) peak_ = std::max(peak_, rate_);
    if (first_at_ < 0 && bytes > 0) first_at_ = now;
    if (traffic.flows >= kSeveral && traffic.top_share <= kMostly)
        shared_peak_ = std::max(shared_peak_, since(now, bytes, kWhile));
    double watched = first_at_ < 0 ? 0 : now - first_at_;
    // Soon after the start a wide line carries little, too: the fast ones are still in slow start.
    double below = watched >= kWatched ? narrow_below_ : std::min(narrow_below_, kVeryNarrow);
    narrow_ = shared() && watched >= kBeforeJudged && peak_ < below;
    bool slow = shared() && now - first_at_ >= kWatched && peak_ < kFewFill;
    few_fill_ = slow && (few_fill_ || !traffic.grows);
}

bool Line::filled_by(double alone) const {
    return shared_peak_ > 0 && alone >= kAsMuch * shared_peak_ && alone <= kNotMore * shared_peak_;
}

}  // namespace mirrorctl::bench
