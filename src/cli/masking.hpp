// What of a user's file may be shown in a diff.
#pragma once

#include "model/file_state.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::cli {

// The unified diff of one file without secrets: values and comments only as far as shown_text shows them; and
// once more, for what somebody wrote where nobody expects it, without credentials in URLs, values of keys
// that are named like secrets and "user:password@host" in lines about proxies. nullopt: the file is absent.
std::string masked_diff(const TargetPath& path, std::optional<std::string_view> before,
                        std::optional<std::string_view> after);

}  // namespace mirrorctl::cli
