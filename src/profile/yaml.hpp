// YAML text -> Node.
#pragma once

#include "profile/node.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::profile {

inline constexpr std::size_t kMaxFileBytes = 1U << 20U;

// One document, at most 1 MiB, 12 levels and 20000 nodes. Anchors, aliases, tags and keys that are not text
// are refused: nothing here needs them, and they are how YAML grows without bounds. Errors: parse and
// duplicate_key, with `file`, line and column.
Result<Node> parse_yaml(std::string_view text, const std::string& file);

}  // namespace mirrorctl::profile
