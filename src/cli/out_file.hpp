// Files that the user asked for: --out, --report and such.
#pragma once

#include "cli/node.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::cli {

// Puts `text` at a host path, in place of a regular file that stands there. `what` is for messages: "the
// plan". Errors: unsafe_path (a device, a link, a directory), not_found, permission_denied, io.
Result<void> write_out_file(Node& node, const std::string& path, std::string_view text,
                            std::string_view what);

}  // namespace mirrorctl::cli
