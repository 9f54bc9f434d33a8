// The machine's clocks.
#pragma once

#include "sys/clock.hpp"

namespace mirrorctl::sys {

class RealClock : public Clock {
  public:
    double now() const override;   // CLOCK_MONOTONIC
    double wall() const override;  // CLOCK_REALTIME
    // Sleeps on after a signal until the time is over.
    void sleep(double seconds) override;
};

}  // namespace mirrorctl::sys
