// Proof by an independent parser (nlohmann/json, toml++) that an edit changed nothing but what it was meant
// to.
#pragma once

#include "base/result.hpp"
#include "text/path.hpp"

#include <string_view>
#include <vector>

namespace mirrorctl::text {

// Both texts are parsed; values at and below the `allowed` paths may differ, be added or be missing, and so
// may tables that exist only to hold them. A text without content is an empty document. Errors: parse (either
// text), unsupported_layout, naming the first other path that differs (never its values). The order of keys
// and the layout are not looked at; the order in lists is.
Result<void> json_same_except(std::string_view before, std::string_view after,
                              const std::vector<Path>& allowed);
Result<void> toml_same_except(std::string_view before, std::string_view after,
                              const std::vector<Path>& allowed);

}  // namespace mirrorctl::text
