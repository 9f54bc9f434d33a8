// When this process did not read, because the node gave it no processor: a silence of its own, not of a
// mirror.
#pragma once

#include <limits>

namespace mirrorctl::bench {

class Pauses {
  public:
    // The loop read what there was, at `now` (monotonic seconds).
    void looked(double now) {
        unread_ = until(now);
        looked_at_ = now;
    }
    // Seconds in which nobody read, all pauses up to `now` together.
    double until(double now) const {
        double since = now - looked_at_;
        return unread_ + (since > kUsual ? since : 0);
    }

  private:
    static constexpr double kUsual = 0.03;  // seconds between looks on an idle node (see race.cpp), at most
    double looked_at_ = std::numeric_limits<double>::infinity();
    double unread_ = 0;
};

}  // namespace mirrorctl::bench
