// Steps on a file system that have reached the disk when they return.
#pragma once

#include "base/result.hpp"
#include "sys/fs.hpp"

#include <string_view>

namespace mirrorctl::txn {

// A new file, its bytes durable; its name is not until the directory is synced. A left-over of the same name
// is removed first.
Result<void> write_synced(sys::Fs& fs, const TargetPath& path, std::string_view bytes, const FileMeta& meta);

// Replaces or creates `path` (0600) by temp, fsync, rename, fsync of the directory. The old content stays
// until the new is durable.
Result<void> replace_durably(sys::Fs& fs, const TargetPath& path, std::string_view bytes);

// The name of a new directory is durable afterwards. Errors: those of make_dir.
Result<void> make_dir_durably(sys::Fs& fs, const TargetPath& path, const FileMeta& meta);

// Removes the file if it is there and makes that durable. True if it was there.
Result<bool> remove_durably(sys::Fs& fs, const TargetPath& path);

// Syncs the nearest directory at or above `path` that exists.
Result<void> sync_nearest_dir(sys::Fs& fs, const TargetPath& path);

// Nullopt-like answer for "is it there": false for not_found, errors passed on.
Result<bool> exists(const sys::FsReader& fs, const TargetPath& path);

}  // namespace mirrorctl::txn
