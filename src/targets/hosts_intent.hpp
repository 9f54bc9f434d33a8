// What one hosts.toml shall say about one registry.
#pragma once

#include "base/result.hpp"
#include "targets/target.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::targets {

// The first `keep` mirrors in rank order with capabilities from their trust (never push or referrers), then
// the origin as `server`; with `fallback: none` the last mirror is the server, because containerd has no
// other word for "no origin". nullopt: no mirror is wanted and there is no file. Errors: parse,
// unsupported_layout.
Result<std::optional<FileIntent>> hosts_intent(const Context& context, const TargetPath& path,
                                               const DesiredUpstream& upstream,
                                               std::vector<Warning>& warnings);

// Takes ours out of the file.
Result<FileIntent> removal_intent(const Context& context, const TargetPath& path);

}  // namespace mirrorctl::targets
