// Would containerd take this hosts.toml at all?
#pragma once

#include "base/result.hpp"

#include <string_view>

namespace mirrorctl::targets {

// What the engine's version says about the format; where it is not known, the benefit of the doubt.
struct HostsDialect {
    bool referrers = false;     // the capability of that name
    bool dial_timeout = false;  // the key is read, so a bad value counts
};

// Follows what containerd's own parser refuses (core/remotes/docker/config/hosts.go, parseHostsFile and
// parseHostConfig, 1.5 to 2.3): one wrong value and the whole file counts for nothing, mirrors of ours in it
// included; the only trace is a line in a log. Errors: parse; unsupported_layout, with the key and what it
// may hold.
Result<void> check_hosts_toml(std::string_view text, const HostsDialect& dialect);

}  // namespace mirrorctl::targets
