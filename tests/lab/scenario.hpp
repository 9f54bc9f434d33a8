// A scenario: which images exist and which mirrors serve them, how fast and with which faults. One YAML file:
//
//   seed: 7                          # image bytes and digests follow from it; default 1
//   congestion: bbr                  # TCP congestion control of the mirrors; default the kernel's
//   access_rate: 25MiB               # bytes per second that all mirrors share (the access link); default
//   unlimited upstreams:
//     docker.io:
//       - image: library/busybox:1.36
//         layers: [512KiB, 8MiB]     # uncompressed tar layers: real engines can unpack them
//         config: 4KiB               # size of the config blob, at least; default 2KiB
//         docker_types: false        # true: Docker's media types instead of OCI's
//   defaults: { latency: 5ms }       # a mirror that every mirror starts as
//   mirrors:
//     fast:
//       upstreams: [docker.io]       # default: all
//       address: 127.0.0.1           # any local address
//       port: 0                      # 0 = the kernel picks one; the ready line says which
//       form: host                   # host | prefix | base | flat
//       path: /v2/docker.io          # API root (prefix, flat) or what stands before /v2 (base)
//       tls: false                   # true: a certificate for `address` from the lab's own CA
//       auth: none                   # bearer (token server on its own port) | basic
//       user: u                      # bearer: what the token server asks for; basic: what the mirror asks
//       for password: p strict_ns: false             # true: ?ns= of another upstream is denied (403)
//       latency: 20ms                # before each answer
//       connect_delay: 0ms           # before the first read of each connection
//       rtt: 80ms                    # adds to both, and bodies start with ten segments and double each rtt
//       (slow start) rate: 20MiB                  # bytes per second for each connection; default unlimited
//       shared_rate: 20MiB           # bytes per second for all connections of this mirror
//       faults: [tarpit, { kind: rate_limit, after: 4, retry_after: 30 }]     # fault.hpp lists them with
//       their fields profile: { trust: verify }   # not read by mirrorlab: for those who write a profile from
//       the scenario
//
// Fields of a fault: kind, on (all | ping | manifest | blob | token), after, code, seconds (a duration),
// per_mib (a duration), bytes, rate, delta, to, type, retry_after (seconds).
#pragma once

#include "base/result.hpp"
#include "lab/fault.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::lab {

struct ImageSpec {
    std::string upstream;
    std::string repository = {};  // "library/busybox"
    std::string tag = {};
    std::vector<std::int64_t> layers = {};
    std::int64_t config_bytes = 2048;
    bool docker_types = false;
};

enum class Form { host, prefix, base, flat };
enum class Auth { none, bearer, basic };

struct MirrorSpec {
    std::string name;
    std::vector<std::string> upstreams;
    std::string address = "127.0.0.1";
    int port = 0;
    Form form = Form::host;
    std::string path;
    bool tls = false;
    Auth auth = Auth::none;
    std::string user;
    std::string password;
    bool strict_ns = false;
    double latency = 0;  // seconds
    double connect_delay = 0;
    double rtt = 0;
    double rate = 0;  // bytes per second, 0 = unlimited
    double shared_rate = 0;
    std::vector<Fault> faults;
};

struct Scenario {
    std::uint64_t seed = 1;
    double access_rate = 0;
    std::string congestion = {};
    std::vector<ImageSpec> images;
    std::vector<MirrorSpec> mirrors;
};

// Errors: not_found, parse (with line and column).
Result<Scenario> load_scenario(const std::string& file);
// One fault as it stands in a scenario: "tarpit" or "{kind: status, on: blob, code: 403}". Errors: parse.
Result<Fault> parse_fault(const std::string& yaml);

// Path under the host at which the mirror's API lives: "/v2", "/v2/docker.io", "/base/v2".
std::string api_root(const MirrorSpec& mirror);

}  // namespace mirrorctl::lab
