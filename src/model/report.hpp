// What a bench found out. Times in seconds, rates in bytes per second, sizes in bytes.
#pragma once

#include "model/profile.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

// Why a candidate is not usable. `none` for a usable one.
enum class Fault {
    none,
    dns,
    connect,
    timeout,
    tls,
    reset,
    stalled,
    html,
    media_type,
    unauthorized,
    forbidden,
    not_found,
    rate_limited,
    server_error,
    bad_status,
    digest,
    content,
    redirect,
    size,
    protocol,
    throttled,
    budget,
    resting,
    proxy,
    crash,  // its answers crashed the process that measures
};
constexpr int kFaults = static_cast<int>(Fault::crash) + 1;

// What a pull of the reference image is predicted to spend on what; -1 = did not happen or is not known. The
// known ones add up to predicted_pull_s of a confirmed mirror.
struct PullPhases {
    double dns_s = -1;
    double connect_s = -1;     // TCP
    double tls_s = -1;         // the TLS handshake
    double token_s = -1;       // the 401 and the token request
    double manifest_s = -1;    // first bytes of the index and of the platform's manifest
    double first_byte_s = -1;  // of the blobs, at the final host, delays before serving included
    double transfer_s = -1;    // slow start and the bytes at the steady rate
    bool operator==(const PullPhases&) const = default;
};

// Mean speed of a sample since the point before.
struct SpeedPoint {
    double at_s = 0;  // since the mirror's first sample began; a later sample goes on behind the first
    double bps = 0;
    bool operator==(const SpeedPoint&) const = default;
};
constexpr std::size_t kMaxSpeedPoints = 64;

struct Measurement {
    Mirror mirror;
    bool is_origin = false;
    bool usable = false;
    bool probed = true;  // false: no request was sent in this run (resting, out of budget)
    Fault fault = Fault::none;
    std::string reason = {};       // a sentence for people, printable
    int samples = 0;               // transfers that were timed
    double connect_s = -1;         // TCP and TLS
    double ttfb_s = -1;            // of the blob, at the final host, delays before serving included
    double throughput_bps = -1;    // bytes per second, steady
    double predicted_pull_s = -1;  // the score T, lower is better; -1 = not known
    std::int64_t bytes = 0;
    int requests = 0;
    bool agreed = false;  // its digest for the canary's tag equals that of the origin or of another operator
    std::string tag_digest = {};  // what it says the canary's tag is
    std::string final_host = {};  // where blobs really come from
    double retry_after_s = -1;    // what a 429 asked for
    double dns_s = -1;            // name lookup, not part of connect_s
    double token_s = -1;          // the 401 and the token request; -1 = none was asked for
    double rtt_s = -1;            // TCP handshake
    double predicted_low_s = -1;  // the interval of predicted_pull_s
    double predicted_high_s = -1;
    double throughput_low_bps = -1;  // the interval of throughput_bps
    double throughput_high_bps = -1;
    double ttfb_low_s = -1;  // the quickest and the slowest first byte of its blobs
    double ttfb_high_s = -1;
    PullPhases phases = {};
    std::vector<SpeedPoint> series = {};  // at most kMaxSpeedPoints
    bool confirmed = false;               // sampled a second time, or long enough
    bool unsure = false;           // usable, but the time or the bytes ended before its speed was certain
    std::string shared_from = {};  // whose throughput sample it shares: a host of the same operator, or the
                                   // one that its blobs come from; "" = its own
    double usual_pull_s = -1;  // what earlier runs in this network and this one say together; -1 = no history
    std::map<std::string, std::int64_t> layers_read = {};  // digest -> bytes read so far, from its start
};

struct UpstreamReport {
    std::string name;
    std::vector<Measurement> ranking;  // usable ones by predicted time first, then the rejected
    std::string manifest =
        {};  // "library/busybox@sha256:...": the platform's manifest that the probes read, "" if none did
    bool unsure = false;   // the budgets were too small to tell which one is best
    std::string why = {};  // a sentence: why the race ended with this order
};

struct Report {
    std::string profile;
    std::string profile_sha256;
    std::string site = {};  // config.yaml's: where it was measured
    double taken_at = 0;    // seconds since 1970
    double elapsed_s = 0;
    std::int64_t bytes = 0;
    int requests = 0;
    std::string image = {};  // --image, else empty
    std::string route = {};  // "direct", or the masked proxy through which it was measured
    bool proxy_failed = false;
    std::string proxy_error = {};
    std::vector<UpstreamReport> upstreams;
};

std::string_view name_of(Fault fault);

}  // namespace mirrorctl
