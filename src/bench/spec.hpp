// What a bench is asked to do.
#pragma once

#include "base/result.hpp"
#include "bench/memory.hpp"
#include "model/profile.hpp"
#include "model/report.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// How the daemon will reach the world: proxy URLs with credentials, "" = none; NO_PROXY by Go's rules.
struct Route {
    std::string http = {};
    std::string https = {};
    std::string no_proxy = {};
};

// "direct", or the proxies with credentials masked: Report::route and part of the cache key.
std::string route_name(const Route& route);

// A failure of an earlier run that is still being rested.
struct PastFailure {
    std::string upstream;
    std::string url;
    double at = 0;              // seconds since 1970
    double until = 0;           // rests until then, seconds since 1970
    Fault fault = Fault::none;  // none: it served, and wants a rest all the same
    std::string reason = {};
    int count = 1;  // failures in a row
    bool asked =
        false;  // the server itself named the time (Retry-After): obeyed in any case, by the origin too
    bool operator==(const PastFailure&) const = default;
};

struct BenchSpec {
    Profile profile;
    std::vector<std::string> upstreams = {};  // names; empty = all of the profile
    std::string image = {};  // --image REF: what the probes of its upstream pull instead of the canary
    std::optional<double> seconds = {};  // overrides of profile.policy.budget
    std::optional<std::int64_t> bytes = {};
    Route route = {};
    std::vector<PastFailure> failures = {};
    // For runs that nobody watches: requests per operator in the last 24 hours (memory.hpp). Not set: no
    // daily limit.
    std::optional<std::map<std::string, int>> asked_today = {};
    // Requests of the last minute, of earlier runs and of this one: they count for the operators' minutes.
    std::vector<Asked> asked_lately = {};
    // mirror_key() -> requests of this run before this race.
    std::map<std::string, int> asked_in_run = {};
    // Mirror URL (masked) -> layer digest -> bytes read before: they are not asked for again.
    std::map<std::string, std::map<std::string, std::int64_t>> read = {};
    // Upstream -> mirror URL (masked) -> bytes per second, for those of whom nothing unread is left.
    std::map<std::string, std::map<std::string, double>> rates = {};
    std::map<std::string, std::string> manifests =
        {};  // upstream -> "library/busybox@sha256:..." of the last run (light_check)
    std::string user_agent = "mirrorctl";
    // Content of a mirror's `auth` file: "user:password". Not set: such mirrors are asked anonymously.
    std::function<Result<std::string>(const std::string& path)> read_secret = {};
    // Content of a mirror's `ca` file: certificates in PEM.
    std::function<Result<std::string>(const std::string& path)> read_ca = {};
};

}  // namespace mirrorctl::bench
