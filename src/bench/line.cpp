#include "bench/line.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr double kStep = 0.01;    // seconds between points
constexpr double kMoment = 0.25;  // seconds over which a rate is taken
constexpr double kMostly = 0.6;   // of the line: one flow has it nearly for itself
constexpr int kSeveral = 3;
constexpr double kAlone = 0.3;  // seconds for a flow to take what others left
constexpr double kAsMuch = 0.85;

}  // namespace

void Line::watch(double now, double bytes, int flows, double top_share) {
    if (!points_.empty() && now - points_.back().at < kStep) return;
    points_.push_back({now, bytes});
    while (points_.size() > 2 && points_[1].at <= now - kMoment) points_.pop_front();
    double span = now - points_.front().at;
    if (span <= 0) return;
    rate_ = (bytes - points_.front().bytes) / std::max(span, kMoment);
    peak_ = std::max(peak_, rate_);
    if (flows >= kSeveral && top_share <= kMostly) shared_peak_ = std::max(shared_peak_, rate_);
}

bool Line::filled_by(double alone, double seconds) const {
    return seconds >= kAlone && shared_peak_ > 0 && alone >= kAsMuch * shared_peak_;
}

}  // namespace mirrorctl::bench
