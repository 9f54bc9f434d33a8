// How fast places give, so that one that only drips is left for one that has shown much more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::sync {

// Bytes per second of one stream, by host, as seen in this run.
class ShownRates {
  public:
    void note(const std::string& host, double rate) { rates_[host] = rate; }
    // Whether a stream that gives `rate` should be left for one of `others`: one of them has shown many times
    // as much; or it is next to nothing, and one of them has not been tried.
    bool far_better(double rate, const std::vector<std::string>& others) const;
    bool knows_better(double rate, const std::vector<std::string>& others) const;

  private:
    std::map<std::string, double> rates_;
};

// One stream. Times are monotonic seconds; what rests by our own wish is not the place's fault.
class Pace {
  public:
    void begin(double now);
    void rest(double now);
    void go_on(double now);
    // The rate, as soon as a window is full; then the next one begins.
    std::optional<double> take(std::size_t bytes, double now);
    // The rate of what came since the last full window, if it is enough to tell.
    std::optional<double> end(double now);

  private:
    double active(double now) const;

    double began_ = 0;
    double rested_ = 0;
    double resting_since_ = -1;
    std::int64_t bytes_ = 0;
};

}  // namespace mirrorctl::sync
