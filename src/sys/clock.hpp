// Time, so that tests can own it.
#pragma once

namespace mirrorctl::sys {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual double now() const = 0;   // monotonic seconds
    virtual double wall() const = 0;  // seconds since 1970 UTC
    virtual void sleep(double seconds) = 0;
};

}  // namespace mirrorctl::sys
