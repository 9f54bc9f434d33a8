// The file system as the program sees it. All paths are TargetPaths: absolute inside the root that --root
// names; only RealFs joins them with it. What only reads takes FsReader&, so that a write there does not
// compile.
#pragma once

#include "base/result.hpp"
#include "model/file_state.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::sys {

enum class FileType { regular, directory, symlink, other };

struct FileInfo {
    FileType type = FileType::regular;
    FileMeta meta;
    std::uint64_t size = 0;
    std::uint64_t links = 1;
    std::uint64_t device = 0;
};

inline constexpr std::size_t kUsualLimit = 4U << 20U;

// Links on the way are followed only if they belong to root, to the caller or to the owner of the root
// directory (else unsafe_path): what another user planted in a directory of his own leads a root process
// nowhere.
class FsReader {
  public:
    virtual ~FsReader() = default;
    // Whole content, at most `limit` bytes (more: unsupported_layout). Links are followed inside the root.
    // FIFOs, devices and directories are refused (unsafe_path), never opened for blocking; so are files with
    // several names where others can write. Errors: not_found,
    // permission_denied, unsafe_path, io.
    virtual Result<std::string> read(const TargetPath& path, std::size_t limit = kUsualLimit) const = 0;
    // The same of a file in a user's home: no link in the last place, and the file that was really opened
    // belongs to `owner`. (A look before the reading does not tell: the user swaps the file in between.)
    virtual Result<std::string> read_of(const TargetPath& path, std::uint32_t owner) const;
    // Of the thing itself: links are not followed. Errors: not_found, permission_denied, io.
    virtual Result<FileInfo> stat(const TargetPath& path) const = 0;
    virtual Result<std::string> read_link(const TargetPath& path) const = 0;
    // Where `path` ends after all links inside the root; components that do not exist are kept as they are.
    // Errors: unsafe_path for loops.
    virtual Result<TargetPath> resolve(const TargetPath& path) const = 0;
    // Names in a directory, sorted, without "." and "..". Errors: not_found, permission_denied, io.
    virtual Result<std::vector<std::string>> list(const TargetPath& path) const = 0;
    // False where the path does not exist or cannot be written by us (the file if it exists, else its nearest
    // existing directory).
    virtual bool can_write(const TargetPath& path) const = 0;
};

// A held lock; releases when destroyed (and by the kernel when the process dies: flock).
class Lock {
  public:
    virtual ~Lock() = default;
};

class Fs : public FsReader {
  public:
    // Creates `path` (which must not exist) with the bytes and exactly this mode, owner and xattrs. Not
    // durable until sync_file.
    virtual Result<void> write_new(const TargetPath& path, std::string_view bytes, const FileMeta& meta) = 0;
    // Opens the existing regular file and replaces its bytes (only for --allow-in-place).
    virtual Result<void> overwrite_in_place(const TargetPath& path, std::string_view bytes) = 0;
    virtual Result<void> sync_file(const TargetPath& path) = 0;
    virtual Result<void> sync_dir(const TargetPath& path) = 0;
    // Atomic replacement within one directory or between directories of one file system. Errors: busy for a
    // bind mount.
    virtual Result<void> rename(const TargetPath& from, const TargetPath& to) = 0;
    // Each gets the other's place, in one step. False: this file system cannot, and nothing happened.
    virtual Result<bool> exchange(const TargetPath& a, const TargetPath& b) = 0;
    // As rename, but never over something (EEXIST in the error's cause). False as above.
    virtual Result<bool> rename_new(const TargetPath& from, const TargetPath& to) = 0;
    virtual Result<void> remove_file(const TargetPath& path) = 0;
    virtual Result<void> make_dir(const TargetPath& path, const FileMeta& meta) = 0;
    virtual Result<void> remove_dir(const TargetPath& path) = 0;  // only if empty
    // Takes the exclusive lock on `path` (created 0600 if absent), waiting at most `wait_seconds`. Errors:
    // lock_held.
    virtual Result<std::unique_ptr<Lock>> lock(const TargetPath& path, double wait_seconds) = 0;
};

}  // namespace mirrorctl::sys
