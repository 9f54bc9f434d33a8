// The score T: predicted seconds to pull the reference image, 30 MiB in 3 layers.
#pragma once

#include "bench/stats.hpp"
#include "model/report.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirrorctl::bench {

inline constexpr double kReferenceBytes = 30.0 * 1024 * 1024;
inline constexpr int kReferenceLayers = 3;
inline constexpr double kLargestLayer = 20.0 * 1024 * 1024;  // bytes: most images have one that is most of it
inline constexpr double kWorthTheRisk =
    3;  // so many times slower: better one that was only looked at shortly
inline constexpr double kNearEqual = 0.10;  // differences below this are noise

// The parts of a pull before bytes flow, seconds. Redirect hops are in the part in which they happened.
struct Phases {
    double dns = 0;
    double connect = 0;   // TCP and TLS
    double tls = 0;       // the part of it that was TLS
    double token = 0;     // the 401 and the token request
    double index = 0;     // first byte of the index (or the only manifest)
    double manifest = 0;  // first byte of the platform's manifest
    double blob = 0;      // first byte of a blob at its final host
    double rtt = 0;       // of the TCP handshake
    // Seconds that the server waits per byte of the blob before it serves (some sleep size / 1 MiB/s), 0 for
    // an honest one.
    double delay_per_byte = 0;
    bool operator==(const Phases&) const = default;
};

struct Prediction {
    double expected = -1;  // seconds; -1 = nothing is known
    double best = -1;
    double worst = -1;
    bool known() const { return expected >= 0; }
};

// setup + first bytes of index, manifest and blob + slow start (rtt * log2(rate * rtt / 10 segments)) + bytes
// at the steady rate, or the largest layer behind its wait.
double predicted_pull(const Phases& phases, double bytes_per_second);
Prediction predict(const Phases& phases, const Estimate& estimate);

// The same time, split into what it is spent on.
PullPhases phases_of_pull(const Phases& phases, double bytes_per_second);

// The delay that grows with the size of what is asked for, from two first bytes: of a small and of a big
// blob. 0 unless it is plain.
double size_delay(double small_first_byte, std::int64_t small_bytes, double big_first_byte,
                  std::int64_t big_bytes, double rtt);

// Is `challenger` so near to `leader` that it does not matter?
bool near_equal(double leader, double challenger);

// Usable ones by predicted time, those without a prediction behind them, then the rejected
// (reason known before not asked). Ties keep the given order.
void rank(std::vector<Measurement>& measurements);

// One sentence on a usable candidate: what it does, and what is unusual about it.
std::string describe(const Measurement& measurement, const Phases& phases, const Estimate& estimate);

}  // namespace mirrorctl::bench
