// What of a file may be seen by everybody: values that are known to be harmless, and nothing else.
#pragma once

#include "model/file_state.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::cli {

// The text with "***" for every value whose key is not on the list of its format, and for comments (somebody
// may have put a password out of use there); keys and the number of lines stay. Our own header is shown. A
// text that its format's reader does not take, and a file of no known format, shows nothing.
//
// Known: what ends in .json (dockerd's keys), hosts.toml and other .toml (containerd's keys), .conf (units:
// proxy variables), .env and .sh (proxy variables).
std::string shown_text(const TargetPath& path, std::string_view text);

}  // namespace mirrorctl::cli
