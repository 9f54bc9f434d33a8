#include "sync/pace.hpp"

#include <algorithm>

namespace mirrorctl::sync {

namespace {

constexpr double kJudgedOver = 5;                   // seconds
constexpr double kFarBelow = 8;                     // times: what several streams share is not that far apart
constexpr double kDrip = 32 * 1024;                 // bytes per second: worth a look elsewhere
constexpr std::int64_t kEnoughToTell = 256 * 1024;  // bytes; less than that is mostly waiting

}  // namespace

bool ShownRates::knows_better(double rate, const std::vector<std::string>& others) const {
    return std::any_of(others.begin(), others.end(), [&](const auto& host) {
        auto known = rates_.find(host);
        return known != rates_.end() && known->second > rate * kFarBelow;
    });
}

bool ShownRates::far_better(double rate, const std::vector<std::string>& others) const {
    bool untried =
        std::any_of(others.begin(), others.end(), [&](const auto& host) { return !rates_.contains(host); });
    return knows_better(rate, others) || (untried && rate < kDrip);
}

void Pace::begin(double now) {
    *this = {};
    began_ = now;
}

void Pace::rest(double now) {
    if (resting_since_ < 0) resting_since_ = now;
}

void Pace::go_on(double now) {
    if (resting_since_ >= 0) rested_ += now - resting_since_;
    resting_since_ = -1;
}

double Pace::active(double now) const {
    double resting = resting_since_ >= 0 ? now - resting_since_ : 0;
    return now - began_ - rested_ - resting;
}

std::optional<double> Pace::take(std::size_t bytes, double now) {
    bytes_ += static_cast<std::int64_t>(bytes);
    double seconds = active(now);
    if (seconds < kJudgedOver) return std::nullopt;
    double rate = static_cast<double>(bytes_) / seconds;
    bool resting = resting_since_ >= 0;
    begin(now);
    if (resting) rest(now);
    return rate;
}

std::optional<double> Pace::end(double now) {
    if (bytes_ < kEnoughToTell) return std::nullopt;
    return static_cast<double>(bytes_) / std::max(active(now), 0.001);
}

}  // namespace mirrorctl::sync
