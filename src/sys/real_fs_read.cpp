// RealFs: opening, looking and reading.
#include "sys/real_fs.hpp"
#include "sys/xattrs.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

constexpr mode_t kPermissions = 07777;

FileType type_of(mode_t mode) {
    if (S_ISREG(mode)) return FileType::regular;
    if (S_ISDIR(mode)) return FileType::directory;
    if (S_ISLNK(mode)) return FileType::symlink;
    return FileType::other;
}

std::string_view word_for(mode_t type) {
    return type == S_IFREG ? "not a regular file" : "not a directory";
}

}  // namespace

Result<std::unique_ptr<RealFs>> RealFs::open(const std::string& root) {
    Fd fd(retry([&] { return ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) return Failure(errno_error(errno, "cannot open the root directory", root));
    struct stat here {};
    struct stat slash {};
    if (::fstat(fd.get(), &here) != 0)
        return Failure(errno_error(errno, "cannot open the root directory", root));
    bool is_slash = ::stat("/", &slash) == 0 && slash.st_dev == here.st_dev && slash.st_ino == here.st_ino;
    std::string name = root;
    while (!name.empty() && name.back() == '/') name.pop_back();
    return std::unique_ptr<RealFs>(new RealFs(name, std::move(fd), !is_slash && ::geteuid() != 0));
}

std::string RealFs::shown(const TargetPath& path) const {
    return root_ + path.str();
}

Failure RealFs::fail(int errno_value, std::string_view what, const TargetPath& path) const {
    return Failure(errno_error(errno_value, what, shown(path)));
}

Result<Place> RealFs::find(std::string_view what, const TargetPath& path, const WalkOptions& options) const {
    return walk({.root = fd_.get(), .path = path, .what = what, .shown = shown(path)}, options);
}

// O_NONBLOCK and the checks on both sides of opening: what is a FIFO or a device (also if it becomes one in
// between) never blocks us.
Result<Fd> RealFs::open_place(std::string_view what, const Place& place, mode_t type, int flags) const {
    TargetPath path(place.path);
    if (!place.exists()) return fail(ENOENT, what, path);
    auto refuse = [&] {
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat(what, ": ", shown(path), ": ", word_for(type))});
    };
    if ((place.info.st_mode & S_IFMT) != type) return refuse();
    constexpr int kAlways = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    Fd fd(retry([&] { return ::openat(place.dir.get(), place.name.c_str(), flags | kAlways); }));
    if (!fd) return fail(errno, what, path);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail(errno, what, path);
    if ((info.st_mode & S_IFMT) != type) return refuse();
    struct stat directory {};
    if (::fstat(place.dir.get(), &directory) != 0) return fail(errno, what, path);
    if (type == S_IFREG && may_be_planted(directory, info))
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat(what, ": ", shown(path),
                                            ": it has several names (hard links) where others can write"),
                             .hint = "replace it by a copy of its own"});
    return fd;
}

Result<std::string> RealFs::read(const TargetPath& path, std::size_t limit) const {
    constexpr std::string_view kWhat = "cannot read";
    TRY_ASSIGN(auto place, find(kWhat, path, {.follow_last = true}));
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFREG, O_RDONLY));
    return read_open(fd.get(), path, limit);
}

Result<std::string> RealFs::read_of(const TargetPath& path, std::uint32_t owner) const {
    constexpr std::string_view kWhat = "cannot read";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFREG, O_RDONLY));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail(errno, kWhat, path);
    if (info.st_uid != (mapped_ && owner == 0 ? ::geteuid() : owner))
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = cat(kWhat, ": ", shown(path), ": it belongs to somebody else"),
                             .hint = "replace it by a plain file that belongs to the user"});
    return read_open(fd.get(), path, kUsualLimit);
}

Result<std::string> RealFs::read_open(int fd, const TargetPath& path, std::size_t limit) const {
    constexpr std::string_view kWhat = "cannot read";
    std::string out;
    std::array<char, 32 * 1024> piece;
    for (;;) {
        auto got = retry([&] { return ::read(fd, piece.data(), piece.size()); });
        if (got < 0) return fail(errno, kWhat, path);
        if (got == 0) return out;
        out.append(piece.data(), static_cast<std::size_t>(got));
        if (out.size() > limit)
            return Failure(Error{.code = ErrorCode::unsupported_layout,
                                 .message = cat(kWhat, ": ", shown(path), ": larger than ",
                                                format_bytes(static_cast<double>(limit)))});
    }
}

Result<FileInfo> RealFs::stat(const TargetPath& path) const {
    constexpr std::string_view kWhat = "cannot look at";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    if (!place.exists()) return fail(ENOENT, kWhat, path);
    const auto& info = place.info;
    FileInfo out{.type = type_of(info.st_mode),
                 .meta = {.mode = info.st_mode & kPermissions, .uid = info.st_uid, .gid = info.st_gid},
                 .size = static_cast<std::uint64_t>(info.st_size),
                 .links = info.st_nlink,
                 .device = info.st_dev};
    if (mapped_ && out.meta.uid == ::geteuid()) out.meta.uid = 0;
    if (mapped_ && out.meta.gid == ::getegid()) out.meta.gid = 0;
    if (out.type != FileType::regular && out.type != FileType::directory) return out;
    // Attributes need a real descriptor; who may not read the file does not learn them.
    auto fd = open_place(kWhat, place, info.st_mode & S_IFMT, O_RDONLY);
    if (!fd && fd.error().code == ErrorCode::permission_denied) return out;
    if (!fd) return Failure(fd.error());
    TRY_ASSIGN(out.meta.xattrs, read_xattrs(fd->get(), shown(path)));
    return out;
}

Result<std::string> RealFs::read_link(const TargetPath& path) const {
    constexpr std::string_view kWhat = "cannot read link";
    TRY_ASSIGN(auto place, find(kWhat, path, {}));
    if (!place.exists()) return fail(ENOENT, kWhat, path);
    if (!S_ISLNK(place.info.st_mode)) return fail(EINVAL, kWhat, path);
    std::string target(4096, '\0');
    auto size = ::readlinkat(place.node.get(), "", target.data(), target.size());
    if (size < 0) return fail(errno, kWhat, path);
    target.resize(static_cast<std::size_t>(size));
    return target;
}

Result<TargetPath> RealFs::resolve(const TargetPath& path) const {
    TRY_ASSIGN(auto place, find("cannot resolve", path, {.follow_last = true, .missing_ok = true}));
    return TargetPath(place.path);
}

Result<std::vector<std::string>> RealFs::list(const TargetPath& path) const {
    constexpr std::string_view kWhat = "cannot list";
    TRY_ASSIGN(auto place, find(kWhat, path, {.follow_last = true}));
    if (place.exists() && !S_ISDIR(place.info.st_mode)) return fail(ENOTDIR, kWhat, path);
    TRY_ASSIGN(auto fd, open_place(kWhat, place, S_IFDIR, O_RDONLY | O_DIRECTORY));
    auto close = [](DIR* dir) { ::closedir(dir); };
    std::unique_ptr<DIR, decltype(close)> dir(::fdopendir(fd.get()), close);
    if (!dir) return fail(errno, kWhat, path);
    fd.release();  // the stream owns it now
    std::vector<std::string> names;
    for (errno = 0; const auto* entry = ::readdir(dir.get()); errno = 0) {
        std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    if (errno != 0) return fail(errno, kWhat, path);
    std::sort(names.begin(), names.end());
    return names;
}

bool RealFs::can_write(const TargetPath& path) const {
    auto place = find("cannot look at", path, {.follow_last = true, .missing_ok = true});
    if (!place) return false;
    const char* name = place->exists() ? place->name.c_str() : ".";
    int mode = !place->exists() || S_ISDIR(place->info.st_mode) ? W_OK | X_OK : W_OK;
    return ::faccessat(place->dir.get(), name, mode, AT_EACCESS) == 0;
}

}  // namespace mirrorctl::sys
