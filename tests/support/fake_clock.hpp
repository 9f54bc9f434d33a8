// Time that stands still until a test moves it; sleeping moves it at once.
#pragma once

#include "sys/clock.hpp"

#include <vector>

namespace mirrorctl::support {

class FakeClock : public sys::Clock {
  public:
    explicit FakeClock(double wall_start = 1'795'000'000.0) : wall_start_(wall_start) {}

    double now() const override { return now_; }
    double wall() const override { return wall_start_ + now_; }
    void sleep(double seconds) override {
        sleeps.push_back(seconds);
        advance(seconds);
    }

    void advance(double seconds) {
        if (seconds > 0) now_ += seconds;
    }
    // Never backwards: the clock is monotonic.
    void advance_to(double at) { advance(at - now_); }

    std::vector<double> sleeps;  // what the code under test asked for

  private:
    double now_ = 1000.0;
    double wall_start_;
};

}  // namespace mirrorctl::support
