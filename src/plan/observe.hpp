// What stands on the disk now, as far as a plan needs it.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"

namespace mirrorctl::plan {

struct ObservedFile {
    TargetPath resolved;  // where the file really is; equals the path if it is no link
    FileState state;
};

// Reads a file with its meta; absent is a state, not an error. Links inside the root are followed, except in
// a user's home
// (`owner` given), where links, hard links and foreign owners are refused. Errors: unsafe_path,
// permission_denied, io.
Result<ObservedFile> observe_file(const sys::FsReader& fs, const TargetPath& path,
                                  const FileMeta* owner = nullptr);

// The user in whose home a path is; nullopt for root's and for none.
std::optional<FileMeta> owner_of_home(const NodeFacts& node, const TargetPath& path);

// Directories that do not exist yet on the way to `path`, outermost first.
std::vector<TargetPath> missing_parents(const sys::FsReader& fs, const TargetPath& path);

}  // namespace mirrorctl::plan
