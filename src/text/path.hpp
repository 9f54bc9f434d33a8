// The place of a value in a JSON or TOML document: one key per level. Keys are the real names, without quotes
// or escapes.
#pragma once

#include <string>
#include <vector>

namespace mirrorctl::text {

using Path = std::vector<std::string>;

// For messages: `proxies.default`, `plugins."io.containerd.grpc.v1.cri".registry`; printable, "(top level)"
// for the empty path.
std::string show(const Path& path);

// True if `path` is `prefix` or lies below it.
bool starts_with(const Path& path, const Path& prefix);

}  // namespace mirrorctl::text
