#include "plan/observe.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::plan {

namespace {

Failure unsafe(const TargetPath& path, std::string_view why) {
    return Failure(Error{.code = ErrorCode::unsafe_path,
                         .message = cat("refusing to touch a file in a user's home: ", path.str(), ": ", why),
                         .hint = "replace it by a plain file that belongs to the user"});
}

// In a home everything on the way can be a trap for root: no link is followed, nothing foreign is touched.
Result<void> check_home_path(const sys::FsReader& fs, const TargetPath& path, const FileMeta& owner) {
    for (auto at = path; at.str() != "/" && !at.empty(); at = at.parent()) {
        auto info = fs.stat(at);
        if (!info) {
            if (info.error().code == ErrorCode::not_found) continue;
            return Failure(info.error());
        }
        bool last = at == path;
        if (info->type == sys::FileType::symlink) return unsafe(at, "it is a symbolic link");
        if (info->type != (last ? sys::FileType::regular : sys::FileType::directory))
            return unsafe(at, last ? "it is not a regular file" : "it is not a directory");
        if (info->meta.uid != owner.uid && info->meta.uid != 0)
            return unsafe(at, "it belongs to somebody else");
        if (last && info->meta.uid != owner.uid) return unsafe(at, "it belongs to somebody else");
        if (last && info->links > 1) return unsafe(at, "it has several hard links");
    }
    return {};
}

}  // namespace

Result<ObservedFile> observe_file(const sys::FsReader& fs, const TargetPath& path, const FileMeta* owner) {
    if (owner != nullptr) TRY(check_home_path(fs, path, *owner));
    ObservedFile observed;
    TRY_ASSIGN(observed.resolved, fs.resolve(path));
    auto info = fs.stat(observed.resolved);
    if (!info) {
        if (info.error().code == ErrorCode::not_found) return observed;
        return Failure(info.error());
    }
    TRY_ASSIGN(observed.state.bytes,
               owner != nullptr ? fs.read_of(observed.resolved, owner->uid) : fs.read(observed.resolved));
    observed.state.meta = info->meta;
    observed.state.present = true;
    return observed;
}

std::optional<FileMeta> owner_of_home(const NodeFacts& node, const TargetPath& path) {
    for (const auto& user : node.users)
        if (user.uid != 0 && user.home.str() != "/" && path.str().starts_with(user.home.str() + "/"))
            return FileMeta{.uid = user.uid, .gid = user.gid};
    return std::nullopt;
}

std::vector<TargetPath> missing_parents(const sys::FsReader& fs, const TargetPath& path) {
    std::vector<TargetPath> missing;
    for (auto at = path.parent(); at.str() != "/"; at = at.parent()) {
        if (fs.stat(at)) break;
        missing.push_back(at);
    }
    std::reverse(missing.begin(), missing.end());
    return missing;
}

}  // namespace mirrorctl::plan
