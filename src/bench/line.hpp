// The node's own line, as far as the samples show it: what came in over all of them together. When one flow
// alone gets as much as many together did, the line is the bottleneck and no mirror can be faster.
#pragma once

#include <cstddef>
#include <deque>

namespace mirrorctl::bench {

inline constexpr double kMoment = 0.2;      // seconds over which rates are taken
inline constexpr int kSeveral = 3;          // flows
inline constexpr double kNarrow = 9e6;      // bytes per second,
inline constexpr double kVeryNarrow = 6e6;  // and where there is little time for each
inline constexpr double kThinLine = 0.8e6;  // bytes per second
inline constexpr double kFullLine = 0.85;   // of the peak: the line may have been full

class Line {
  public:
    struct Traffic {
        int flows = 0;
        double top_share = 1;  // 0..1 of the speed, of the biggest flow
        bool grows = false;    // one of them may soon send more
        bool caught_up =
            false;  // what waited behind a lost packet came a moment ago: more than the line carries
    };
    // `narrow_below` = bytes per second.
    explicit Line(double narrow_below = kNarrow) : narrow_below_(narrow_below) {}
    // At `now` (monotonic seconds) `bytes` have come over all samples so far.
    void watch(double now, double bytes, const Traffic& traffic);
    // Bytes per second over the last moments, 0 while nothing was watched.
    double rate() const { return rate_; }
    // The most that was seen over a moment.
    double peak() const { return peak_; }
    // So little that a few may fill it: a proof beside many proves little. As `narrow`.
    bool few_fill() const { return few_fill_; }
    // Several shared it for a while: it may carry no more than its peak.
    bool shared() const { return shared_peak_ > 0; }
    // So little that flows beside each other take from each other; false until several shared it and it was
    // watched for a while.
    bool narrow() const { return narrow_; }
    // `alone` = bytes per second of the only flow there is. True: it gets what several that shared did, so
    // the line is full. One that gets far more shows that they did not fill it.
    bool filled_by(double alone) const;

  private:
    struct Point {
        double at;
        double bytes;
    };
    double narrow_below_;
    std::deque<Point> points_;
    double first_at_ = -1;
    bool few_fill_ = false;
    bool narrow_ = false;
    double rate_ = 0;
    double peak_ = 0;
    double shared_peak_ = 0;  // while no flow had most of it, over a longer while
    double since(double now, double bytes, double seconds) const;
};

}  // namespace mirrorctl::bench
