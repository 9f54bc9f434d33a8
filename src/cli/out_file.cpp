#include "cli/out_file.hpp"

#include "base/strings.hpp"

namespace mirrorctl::cli {

Result<void> write_out_file(Node& node, const std::string& given, std::string_view text,
                            std::string_view what) {
    auto path = node.host_path(given);
    auto there = node.host().stat(path);
    if (!there && there.error().code != ErrorCode::not_found)
        return Failure(in_context(there.error(), cat("cannot write ", what)));
    // Root must not take /dev/null away, nor write where somebody's link leads.
    if (there && there->type != sys::FileType::regular)
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat("cannot write ", what, ": ", path.str(), ": not a regular file"),
                             .hint = "name a file that does not exist yet"});
    if (there) TRY(node.host().remove_file(path));
    auto parent = node.host().stat(path.parent());
    if (!parent) return Failure(in_context(parent.error(), cat("cannot write ", what)));
    return node.host().write_new(path, text,
                                 {.mode = 0600, .uid = node.world().uid, .gid = parent->meta.gid});
}

}  // namespace mirrorctl::cli
