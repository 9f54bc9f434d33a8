// RealFs: changing.
#include "sys/real_fs.hpp"
#include "sys/xattrs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include <cerrno>

namespace mirrorctl::sys {

namespace {

int write_all(int fd, std::string_view bytes) {
    off_t at = 0;
    while (!bytes.empty()) {
        auto done = retry([&] { return ::pwrite(fd, bytes.data(), bytes.size(), at); });
        if (done < 0) return errno;
        at += done;
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return 0;
}

// False also when it cannot be told.
bool is_empty(int directory) {
    auto close = [](DIR* dir) { ::closedir(dir); };
    Fd fd(retry([&] { return ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    std::unique_ptr<DIR, decltype(close)> dir(fd ? ::fdopendir(fd.get()) : nullptr, close);
    if (!dir) return false;
    fd.release();  // the stream owns it now
    errno = 0;
    while (const auto* entry = ::readdir(dir.get())) {
        std::string_view name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") return false;
    }
    return errno == 0;
}

}  // namespace

Result<void> RealFs::set_meta(int fd, const FileMeta& meta, const std::string& object) const {
    struct stat now {};
    if (::fstat(fd, &now) != 0) return Failure(errno_error(errno, "cannot look at", object));
    uid_t uid = mapped_ && meta.uid == 0 ? ::geteuid() : meta.uid;
    gid_t gid = mapped_ && meta.gid == 0 ? ::getegid() : meta.gid;
    if ((now.st_uid != uid || now.st_gid != gid) && ::fchown(fd, uid, gid) != 0)
        return Failure(errno_error(errno, "cannot set the owner", object));
    // After fchown, which drops setuid bits; before the ACL, whose mask is the mode's group part.
    if (::fchmod(fd, meta.mode) != 0) return Failure(errno_error(errno, "cannot set the mode", object));
    return write_xattrs(fd, meta.xattrs, object);
}

Result<void> RealFs::fill_new_file(int fd, std::string_view bytes, const FileMeta& meta,
                                   const std::string& object) const {
    if (int error = write_all(fd, bytes); error != 0)
        return Failure(errno_error(error, "cannot write", object));
    return set_meta(fd, meta, object);
}

Result<void> RealFs::write_new(const TargetPath& path, std::string_view bytes, const FileMeta& meta) {
    constexpr std::string_view kWhat = "cannot create";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    // 0600 until everything is set: nobody opens a secret in between.
    Fd fd(retry([&] {
        return ::openat(place.dir.get(), place.name.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }));
    if (!fd) return fail(errno, kWhat, path);
    auto done = fill_new_file(fd.get(), bytes, meta, shown(path));
    if (!done) ::unlinkat(place.dir.get(), place.name.c_str(), 0);
    return done;
}

// The new bytes go over the old ones and the rest is cut off last, so that a full disk is noticed before
// anything is lost.
Result<void> RealFs::overwrite_in_place(const TargetPath& path, std::string_view bytes) {
    constexpr std::string_view kWhat = "cannot overwrite";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFREG, O_WRONLY));
    auto size = static_cast<off_t>(bytes.size());
    if (size > place.info.st_size) {
        int error = retry([&] { return ::fallocate(fd.get(), 0, 0, size); }) == 0 ? 0 : errno;
        if (error != 0 && error != EOPNOTSUPP && error != ENOSYS) return fail(error, kWhat, path);
    }
    if (int error = write_all(fd.get(), bytes); error != 0) return fail(error, kWhat, path);
    if (retry([&] { return ::ftruncate(fd.get(), size); }) != 0) return fail(errno, kWhat, path);
    return {};
}

Result<void> RealFs::sync_file(const TargetPath& path) {
    constexpr std::string_view kWhat = "cannot make durable";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFREG, O_RDONLY));
    if (retry([&] { return ::fsync(fd.get()); }) != 0) return fail(errno, kWhat, path);
    return {};
}

Result<void> RealFs::sync_dir(const TargetPath& path) {
    constexpr std::string_view kWhat = "cannot make durable";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFDIR, O_RDONLY | O_DIRECTORY));
    // EINVAL: a file system that cannot sync directories (some FUSE and network ones); it gives no stronger
    // promise (fsync(2)).
    if (retry([&] { return ::fsync(fd.get()); }) != 0 && errno != EINVAL) return fail(errno, kWhat, path);
    return {};
}

Result<void> RealFs::rename(const TargetPath& from, const TargetPath& to) {
    constexpr std::string_view kWhat = "cannot rename";
    TRY_ASSIGN(auto source, find(kWhat, from, {}));
    TRY_ASSIGN(auto target, find(kWhat, to, {}));
    if (::renameat(source.dir.get(), source.name.c_str(), target.dir.get(), target.name.c_str()) != 0)
        return fail(errno, kWhat, to);
    return {};
}

// renameat2(2): EINVAL from file systems that do not know the flag (some FUSE and network ones), ENOSYS from
// sandboxes that do not know the call.
Result<bool> RealFs::rename_with(unsigned flags, const TargetPath& from, const TargetPath& to) const {
    constexpr std::string_view kWhat = "cannot rename";
    TRY_ASSIGN(auto source, find(kWhat, from, {}));
    TRY_ASSIGN(auto target, find(kWhat, to, {}));
    if (::renameat2(source.dir.get(), source.name.c_str(), target.dir.get(), target.name.c_str(), flags) == 0)
        return true;
    if (errno == EINVAL || errno == ENOSYS) return false;
    return fail(errno, kWhat, to);
}

Result<bool> RealFs::exchange(const TargetPath& a, const TargetPath& b) {
    return rename_with(RENAME_EXCHANGE, a, b);
}

Result<bool> RealFs::rename_new(const TargetPath& from, const TargetPath& to) {
    return rename_with(RENAME_NOREPLACE, from, to);
}

Result<void> RealFs::remove_file(const TargetPath& path) {
    constexpr std::string_view kWhat = "cannot remove";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    if (::unlinkat(place.dir.get(), place.name.c_str(), 0) != 0) return fail(errno, kWhat, path);
    return {};
}

Result<void> RealFs::make_dir(const TargetPath& path, const FileMeta& meta) {
    constexpr std::string_view kWhat = "cannot create directory";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    if (::mkdirat(place.dir.get(), place.name.c_str(), 0700) != 0) return fail(errno, kWhat, path);
    auto finish = [&]() -> Result<void> {
        TRY_ASSIGN(auto made, find(kWhat, path, {}));
        TRY_ASSIGN(auto fd, open_place(kWhat, made, S_IFDIR, O_RDONLY | O_DIRECTORY));
        // In a user's directory he may have put another one in its place by now, root's perhaps, to be given
        // away with what is in it.
        if (made.info.st_uid != ::geteuid() || !is_empty(fd.get())) return fail(EEXIST, kWhat, path);
        return set_meta(fd.get(), meta, shown(path));
    };
    auto done = finish();
    if (!done) ::unlinkat(place.dir.get(), place.name.c_str(), AT_REMOVEDIR);
    return done;
}

Result<void> RealFs::remove_dir(const TargetPath& path) {
    constexpr std::string_view kWhat = "cannot remove directory";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    if (::unlinkat(place.dir.get(), place.name.c_str(), AT_REMOVEDIR) != 0) return fail(errno, kWhat, path);
    return {};
}

}  // namespace mirrorctl::sys
