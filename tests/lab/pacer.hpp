// How many bytes may be sent now. Times are seconds of one monotonic clock.
#pragma once

#include <cstdint>

namespace mirrorctl::lab {

// A token bucket that holds 20 ms of its rate. Rate 0 = unlimited.
class Bucket {
  public:
    explicit Bucket(double rate = 0) : rate_(rate), tokens_(capacity()) {}
    double rate() const { return rate_; }
    std::int64_t available(double now);
    void take(std::int64_t bytes) { tokens_ -= static_cast<double>(bytes); }
    // When `bytes` (no more than the capacity) will be there.
    double time_for(std::int64_t bytes, double now) const;

  private:
    double capacity() const { return rate_ * 0.02 > 2048 ? rate_ * 0.02 : 2048; }
    double rate_;
    double tokens_;
    double filled_at_ = -1;
};

// TCP's slow start without a network: a window of ten segments (RFC 6928) that doubles each round trip in
// which it was used up. Round trip 0 = off.
class Ramp {
  public:
    explicit Ramp(double rtt = 0) : rtt_(rtt) {}
    std::int64_t available(double now);
    void take(std::int64_t bytes) { used_ += bytes; }
    double next_round() const { return round_start_ + rtt_; }

  private:
    double rtt_;
    double round_start_ = -1;
    std::int64_t window_ = 10 * 1460;
    std::int64_t used_ = 0;
};

}  // namespace mirrorctl::lab
