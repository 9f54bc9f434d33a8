// The file system of the machine below one root directory.
#pragma once

#include "sys/fd.hpp"
#include "sys/fs.hpp"
#include "sys/walk.hpp"

#include <memory>
#include <string>

namespace mirrorctl::sys {

// Paths are looked up as sys/walk.hpp says: never outside the root, links of other users are refused
// (unsafe_path).
//
// A caller without privileges who works on a root of his own ("--root ./image") sees what belongs to him as
// root's, as in a user namespace, and files for root become his. With root "/" nothing is mapped.
class RealFs : public Fs {
  public:
    // `root` is a host path. Errors: not_found, permission_denied, io (not a directory).
    static Result<std::unique_ptr<RealFs>> open(const std::string& root);

    Result<std::string> read(const TargetPath& path, std::size_t limit) const override;
    Result<std::string> read_of(const TargetPath& path, std::uint32_t owner) const override;
    Result<FileInfo> stat(const TargetPath& path) const override;
    Result<std::string> read_link(const TargetPath& path) const override;
    Result<TargetPath> resolve(const TargetPath& path) const override;
    Result<std::vector<std::string>> list(const TargetPath& path) const override;
    bool can_write(const TargetPath& path) const override;

    // Changes never follow a link in the last place.
    Result<void> write_new(const TargetPath& path, std::string_view bytes, const FileMeta& meta) override;
    Result<void> overwrite_in_place(const TargetPath& path, std::string_view bytes) override;
    Result<void> sync_file(const TargetPath& path) override;
    Result<void> sync_dir(const TargetPath& path) override;
    Result<void> rename(const TargetPath& from, const TargetPath& to) override;
    Result<bool> exchange(const TargetPath& a, const TargetPath& b) override;
    Result<bool> rename_new(const TargetPath& from, const TargetPath& to) override;
    Result<void> remove_file(const TargetPath& path) override;
    Result<void> make_dir(const TargetPath& path, const FileMeta& meta) override;
    Result<void> remove_dir(const TargetPath& path) override;
    Result<std::unique_ptr<Lock>> lock(const TargetPath& path, double wait_seconds) override;

    // The path as people outside see it, for messages: root and path joined.
    std::string shown(const TargetPath& path) const;

  private:
    RealFs(std::string root, Fd fd, bool mapped)
        : root_(std::move(root)), fd_(std::move(fd)), mapped_(mapped) {}

    Result<Place> find(std::string_view what, const TargetPath& path, const WalkOptions& options) const;
    // An existing place of that kind, opened with `flags`. Errors: unsafe_path if it is something else.
    Result<Fd> open_place(std::string_view what, const Place& place, mode_t type, int flags) const;
    Result<std::string> read_open(int fd, const TargetPath& path, std::size_t limit) const;
    Result<void> set_meta(int fd, const FileMeta& meta, const std::string& object) const;
    Result<void> fill_new_file(int fd, std::string_view bytes, const FileMeta& meta,
                               const std::string& object) const;
    Result<bool> rename_with(unsigned flags, const TargetPath& from, const TargetPath& to) const;
    Failure fail(int errno_value, std::string_view what, const TargetPath& path) const;

    std::string root_;
    Fd fd_;
    bool mapped_;
};

}  // namespace mirrorctl::sys
