// Which proxy the daemons shall have, put together from options, environment and profile.
#pragma once

#include "base/result.hpp"
#include "bench/spec.hpp"
#include "cli/node.hpp"
#include "cli/options.hpp"
#include "model/desired.hpp"

#include <optional>

namespace mirrorctl::cli {

// nullopt: proxies are not managed in this run (no option, no variable, no `proxy` section in the profile).
// An option wins over the environment variable MIRRORCTL_*_PROXY, that over the profile. "@FILE" and
// "file:/path" are read (0600 files only). NO_PROXY gets the hosts of all mirrors of the profile, so that a
// new pick does not change the unit. Errors: usage (not a URL), permission_denied (a secret that others can
// read), not_found, io.
Result<std::optional<DesiredProxy>> desired_proxy(Node& node, const ProxyOptions& options,
                                                  const Profile& profile);

// How the daemon will reach a host: through the proxy that this run gives it, else through the one that its
// unit sets now (docker's, where docker is installed).
bench::Route route_of(const std::optional<DesiredProxy>& proxy, const NodeFacts& node);

}  // namespace mirrorctl::cli
