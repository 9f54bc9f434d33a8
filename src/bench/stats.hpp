// What arrival times of bytes say about a flow: how fast it is now, how fast it could still become, whether
// it was throttled.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace mirrorctl::bench {

inline constexpr double kInitialWindow = 10 * 1460.0;  // bytes: ten segments (RFC 6928)
inline constexpr double kLongWay = 0.06;               // seconds per round trip

// A rate with its bounds, bytes per second. `low` is what a cautious reader would count on, `high` what the
// flow may still reach.
struct Estimate {
    double rate = -1;  // -1 = nothing is known
    double low = -1;
    double high = -1;
    bool growing = false;          // TCP slow start (or a ramp of the server) was not over
    bool throttled = false;        // it fell to less than half of what it was
    double first_rate = -1;        // before the throttle
    std::int64_t burst_bytes = 0;  // how much came before the throttle
    double watched = 0;            // seconds from the first to the last byte
    bool settled = true;  // false: it fell a moment ago, or what waits behind a lost packet is not in yet
    bool known() const { return rate >= 0; }
    bool operator==(const Estimate&) const = default;
};

// Arrivals of one transfer's body. Bounded: neighbouring arrivals are merged. What comes behind a lost packet
// is handed up when that one was sent again (RFC 9293, section 3.10.7.4): silence, and then all of it at
// once. Neither is the speed of the flow.
class FlowMeter {
  public:
    // `at` in seconds (any zero, never backwards), `bytes` since the last call; for `unread` seconds since
    // then nobody looked whether any came (see Pauses).
    void add(double at, std::int64_t bytes, double unread = 0);
    // The clock starts at `at` (the headers' arrival), so that a single burst of bytes has a duration.
    void begin(double at);

    std::int64_t bytes() const { return total_; }
    double duration() const { return last_ - first_; }  // seconds from the first to the last byte
    double last_arrival() const { return last_; }
    // Mean rate of the bytes that came in (from, to].
    double rate_between(double from, double to) const;
    // After `since` came what had waited behind a lost packet.
    bool caught_up(double since, double rtt) const;
    // Mean speeds of at most `most` equal slices, timed from `begin`.
    std::vector<std::pair<double, double>> series(std::size_t most) const;
    // `rtt` in seconds (<= 0: not known; 50 ms is assumed): rates are looked at over multiples of it.
    Estimate estimate(double rtt) const;

  private:
    struct Point {
        double at;
        std::int64_t total;
    };
    struct Silence {
        double from;
        double to;
        double after;  // seconds in which bytes came without a silence
        bool ours;     // nobody read: the bytes came in that time
    };
    double bytes_at(double at) const;
    static bool like_a_loss(const Silence& silence, double rtt);
    bool paces_itself(double rtt) const;
    double settled_end(double rtt) const;
    double beside_silence(double at, double rtt) const;
    bool silent_since(double at, double end, double rtt) const;
    bool grows(double span, double end, double rtt) const;

    std::vector<Point> points_;
    std::deque<Silence> silences_;  // the last ones
    double first_ = 0;
    double last_ = 0;
    std::int64_t total_ = 0;
    double grain_ = 0.002;  // seconds; doubles when there are too many points
};

// Two samples of the same flow taken apart: a later, longer one weighs more; contradictory ones widen the
// interval.
Estimate combine(const Estimate& first, const Estimate& second, double weight_of_second);

}  // namespace mirrorctl::bench
