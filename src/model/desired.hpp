// What the node should have: the result of `decide`, the input of every target.
#pragma once

#include "model/profile.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

struct ChosenMirror {
    Mirror mirror;
    bool may_resolve = false;  // trust, after `verify` was settled
    bool measured = false;
    double predicted_pull_s = -1;
};

struct DesiredUpstream {
    std::string name;
    Url origin;
    Fallback fallback = Fallback::origin;
    std::vector<ChosenMirror> mirrors;  // in the order in which they are written; empty = ours are removed
};

// Credentials included: never printed. Empty strings = not set.
struct DesiredProxy {
    std::string http;
    std::string https;
    std::string all;       // as given (socks5 too); daemons get it as http/https where those are empty
    std::string no_proxy;  // one canonical list, comma-separated, that Go and curl read alike
    bool operator==(const DesiredProxy&) const = default;
};

struct DesiredState {
    std::vector<DesiredUpstream> upstreams;  // the mirrors of each: all that rank before a usable origin
    std::vector<std::string> untouched;      // upstreams that this run leaves as they are (out of scope, or
                                             // nothing is known about them)
    int keep = 3;                            // a target writes the first `keep` that it can express
    std::optional<DesiredProxy> proxy;       // nullopt: proxies are not managed in this run
    std::string user;                        // whose ~/.docker/config.json; "" = root
};

}  // namespace mirrorctl
