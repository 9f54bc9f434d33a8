// Paths inside the root and what stands there.
#pragma once

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl {

// An absolute path inside the root ("/etc/docker/daemon.json"). It is not a host path: with --root R the file
// is R + path.
class TargetPath {
  public:
    TargetPath() = default;
    explicit TargetPath(std::string_view path) : path_(path) {}
    const std::string& str() const { return path_; }
    bool empty() const { return path_.empty(); }
    TargetPath parent() const {
        auto slash = path_.rfind('/');
        return TargetPath(slash == 0 || slash == std::string::npos ? "/" : path_.substr(0, slash));
    }
    std::string name() const { return path_.substr(path_.rfind('/') + 1); }
    TargetPath operator/(std::string_view child) const {
        return TargetPath(cat(path_ == "/" ? "" : path_, "/", child));
    }
    auto operator<=>(const TargetPath&) const = default;

  private:
    std::string path_;
};

// What must be the same again after a replacement. Times and inode are not part of it.
struct FileMeta {
    std::uint32_t mode = 0644;  // permission bits only
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::pair<std::string, std::string>> xattrs = {};  // name, value; sorted by name
    bool operator==(const FileMeta&) const = default;
};

// One planned state of one file: absent, or these bytes with this meta.
struct FileState {
    bool present = false;
    std::string bytes = {};
    FileMeta meta = {};
    bool operator==(const FileState&) const = default;
    std::string digest() const { return present ? sha256_digest(bytes) : "absent"; }
};

}  // namespace mirrorctl
