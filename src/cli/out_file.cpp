#include "cli/out_file.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

namespace mirrorctl::cli {

Result<void> check_out_file(Node& node, const OutFile& file) {
    auto path = node.host_path(file.path);
    auto what = cat("cannot write ", file.what);
    auto there = node.host().stat(path);
    if (!there && there.error().code != ErrorCode::not_found) return Failure(in_context(there.error(), what));
    if (there && there->type != sys::FileType::regular)
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat(what, ": ", path.str(), ": not a regular file"),
                             .hint = "name a file that does not exist yet"});
    auto parent = node.host().stat(path.parent());
    if (!parent) {
        auto error = in_context(parent.error(), what);
        error.hint = cat("mkdir -p ", path.parent().str());
        return Failure(std::move(error));
    }
    return {};
}

Result<void> write_out_file(Node& node, const OutFile& file, std::string_view bytes) {
    TRY(check_out_file(node, file));
    auto path = node.host_path(file.path);
    auto& host = node.host();
    // Runs beside each other write each its own; a name that is taken is an error, not a wait.
    auto temp = path.parent() / fmt::format(".mirrorctl-{:.0f}.tmp", node.world().clock.wall() * 1e6);
    TRY(host.write_new(temp, bytes, {.mode = file.mode, .uid = node.world().uid, .gid = node.world().gid}));
    auto placed = host.sync_file(temp);
    if (placed) placed = host.rename(temp, path);
    if (!placed) (void)host.remove_file(temp);
    return placed;
}

}  // namespace mirrorctl::cli
