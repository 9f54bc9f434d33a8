// Files that a command writes where the user says: `plan --out`, `bench --html`. Not part of any transaction.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::cli {

struct OutFile {
    std::string path;       // as the user named it
    std::string_view what;  // "the plan", for messages
    std::uint32_t mode = 0600;
};

// Replaces `path` in one step: it is whole or as it was. Errors: unsafe_path for what is not a regular file
// (root must not take /dev/null away, nor write where somebody's link leads), not_found, permission_denied,
// io.
Result<void> write_out_file(Node& node, const OutFile& file, std::string_view bytes);
// The same refusals before the work whose result is to be written.
Result<void> check_out_file(Node& node, const OutFile& file);

}  // namespace mirrorctl::cli
