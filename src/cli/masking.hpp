// What of a user's file may be shown in a diff.
#pragma once

#include "model/file_state.hpp"

#include <string>

namespace mirrorctl::cli {

// The unified diff of one file without secrets: credentials in URLs, values of keys that are named like
// secrets, "user:password@host" in lines about proxies, HTTP headers in a config.toml, and in a hosts.toml
// everything but the keys that engines know (a header may have any name, and its value may stand in a line of
// its own).
std::string masked_diff(const TargetPath& path, const std::string& diff);

}  // namespace mirrorctl::cli
