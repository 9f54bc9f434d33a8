#include "sys/xattrs.hpp"

#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

constexpr std::string_view kAcl = "system.posix_acl_access";  // linux/xattr.h, XATTR_NAME_POSIX_ACL_ACCESS
constexpr int kTries = 8;  // the list may grow between asking for its size and reading it

bool is_identity(std::string_view name) {
    if (name == "security.ima" || name == "security.evm") return false;
    return name == kAcl || name.starts_with("user.") || name.starts_with("security.");
}

// Runs a "size, then content" call until both agree. nullopt: not there, or the file system has no xattrs.
template <class Call>
Result<std::string> sized(Call call, const std::string& shown) {
    for (int i = 0; i < kTries; ++i) {
        auto size = call(nullptr, 0);
        if (size < 0) return Failure(errno_error(errno, "cannot read attributes", shown));
        std::string bytes(static_cast<std::size_t>(size), '\0');
        if (size == 0) return bytes;
        auto got = call(bytes.data(), bytes.size());
        if (got >= 0) {
            bytes.resize(static_cast<std::size_t>(got));
            return bytes;
        }
        if (errno != ERANGE) return Failure(errno_error(errno, "cannot read attributes", shown));
    }
    return Failure(errno_error(ERANGE, "cannot read attributes", shown));
}

bool not_supported(int errno_value) {
    return errno_value == ENOTSUP || errno_value == ENOSYS;
}

}  // namespace

Result<Xattrs> read_xattrs(int fd, const std::string& shown) {
    auto names = sized([&](char* to, std::size_t size) { return ::flistxattr(fd, to, size); }, shown);
    if (!names && not_supported(names.error().cause.value_or(0))) return Xattrs{};
    if (!names) return Failure(names.error());
    Xattrs out;
    for (const auto& name : split(*names, '\0')) {
        if (!is_identity(name)) continue;
        auto value =
            sized([&](char* to, std::size_t size) { return ::fgetxattr(fd, name.c_str(), to, size); }, shown);
        if (!value && (value.error().cause == ENODATA || not_supported(value.error().cause.value_or(0))))
            continue;
        if (!value) return Failure(value.error());
        out.emplace_back(name, std::move(*value));
    }
    std::sort(out.begin(), out.end());
    return out;
}

Result<void> write_xattrs(int fd, const Xattrs& wanted, const std::string& shown) {
    TRY_ASSIGN(auto present, read_xattrs(fd, shown));
    for (const auto& attribute : present) {
        const auto& name = attribute.first;
        bool kept =
            std::any_of(wanted.begin(), wanted.end(), [&](const auto& pair) { return pair.first == name; });
        if (kept || name.starts_with("security.")) continue;  // the system labels new files itself
        if (::fremovexattr(fd, name.c_str()) != 0 && errno != ENODATA && !not_supported(errno))
            return Failure(errno_error(errno, cat("cannot remove attribute ", name), shown));
    }
    for (const auto& pair : wanted) {
        const auto& [name, value] = pair;
        if (std::find(present.begin(), present.end(), pair) != present.end()) continue;
        if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && !not_supported(errno))
            return Failure(errno_error(errno, cat("cannot set attribute ", name), shown));
    }
    return {};
}

}  // namespace mirrorctl::sys
