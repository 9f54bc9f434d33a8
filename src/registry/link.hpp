// The Link header of paged lists (RFC 8288).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::registry {

// The target of the first link whose relation is "next", as written; it is opaque and may be relative.
// nullopt if there is none. What does not follow the grammar is skipped.
std::optional<std::string> next_link(const std::vector<std::string>& headers);

}  // namespace mirrorctl::registry
