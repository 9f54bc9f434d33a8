// A profile as it is after `extends`, variables and checks: which mirrors exist for which registry, and how
// to choose among them.
#pragma once

#include "base/url.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

// host: /v2/ at the root of the host. prefix: the URL's path is the API root (/v2/docker.io). base: the path
// stands before /v2. flat: the path is the API root and only the last component of a repository is kept.
enum class MirrorForm { host, prefix, base, flat };
// resolve: tags and content. verify: as resolve when it agreed with the origin or another operator in this
// run, else as pull. pull: content by digest only.
enum class Trust { resolve, verify, pull };
enum class Fallback { origin, none };

struct Canary {
    std::string image;   // "library/busybox:1.36", relative to the upstream
    std::string digest;  // "sha256:..." or ""
    bool operator==(const Canary&) const = default;
};

struct Mirror {
    Url url;
    MirrorForm form = MirrorForm::host;
    Trust trust = Trust::pull;
    std::string operator_name;
    bool insecure = false;  // plain http is allowed
    std::string ca = {};    // path of a CA file
    std::string auth = {};  // path of a file "user:password", 0600
    std::optional<Canary> canary = {};
    bool prefer = false;     // first while it is usable
    std::string as_of = {};  // YYYY-MM-DD
    std::string source = {};
    std::string limits = {};
    bool operator==(const Mirror&) const = default;
};

struct Upstream {
    std::string name;  // "docker.io"
    Url origin;
    Fallback fallback = Fallback::origin;
    std::vector<Canary> canaries = {};
    std::vector<Mirror> mirrors = {};
    bool operator==(const Upstream&) const = default;
};

// Values may be "file:/path" or carry credentials: never print them unmasked.
struct ProxySettings {
    bool given = false;  // the profile has a `proxy` section: proxies are managed, also when it is empty
                         // (then ours are removed)
    std::string http = {};
    std::string https = {};
    std::string all = {};
    std::vector<std::string> no_proxy = {};
    std::vector<std::string> targets = {"systemd-proxy"};
    bool operator==(const ProxySettings&) const = default;
    bool any() const { return !http.empty() || !https.empty() || !all.empty(); }
};

struct Budget {
    double seconds = 10;
    std::int64_t bytes = 32LL << 20U;
    std::int64_t bytes_per_mirror = 12LL << 20U;
    int requests_per_mirror = 8;
    int requests_per_operator_per_minute = 18;
    bool operator==(const Budget&) const = default;
};

struct Policy {
    int keep = 3;                    // mirrors written per upstream
    double switch_margin = 0.25;     // a challenger must be this much faster after ttl
    double ttl = 24 * 3600;          // seconds a ranking is used
    double recheck = 15 * 60;        // seconds after which a current mirror gets a light check
    double failure_ttl = 24 * 3600;  // seconds a failed mirror rests
    Budget budget = {};
    bool operator==(const Policy&) const = default;
};

struct Profile {
    std::string name;
    std::string as_of = {};
    std::string loaded_from = {};  // "embedded" or the path
    std::string sha256 = {};       // of the profile as resolved (for receipts and the cache key)
    std::vector<Upstream> upstreams = {};
    ProxySettings proxy = {};
    Policy policy = {};

    const Upstream* find(const std::string& name) const;
};

// Path under the host at which the distribution API of this mirror lives: "/v2", "/base/v2", "/v2/docker.io".
std::string api_root(const Mirror& mirror);
// The repository name as this mirror spells it: flat mirrors keep only the last component. `repository` e.g.
// "library/busybox".
std::string repository_at(const Mirror& mirror, const std::string& repository);
// The candidate that stands for the origin itself (trust: resolve).
Mirror origin_candidate(const Upstream& upstream);

std::string_view name_of(MirrorForm form);
std::string_view name_of(Trust trust);
std::string_view name_of(Fallback fallback);

}  // namespace mirrorctl
