// Extended attributes that belong to a file's identity: user.*, security.* (SELinux and SMACK labels,
// capabilities) and the POSIX ACL. Not security.ima and security.evm: they sign the content, a copy of them
// would be wrong for other bytes (kernel: Documentation/ABI/testing/evm).
#pragma once

#include "base/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::sys {

using Xattrs = std::vector<std::pair<std::string, std::string>>;

// Sorted by name. A file system without xattrs has none. `fd` is a real descriptor, not O_PATH. Errors: errno
// in `cause`.
Result<Xattrs> read_xattrs(int fd, const std::string& shown);

// Sets these and takes away an ACL and user attributes that are not among them (a directory's default ACL
// gives new files one). What the file system cannot hold at all (ENOTSUP) is left out. Errors:
// permission_denied, no_space, io.
Result<void> write_xattrs(int fd, const Xattrs& wanted, const std::string& shown);

}  // namespace mirrorctl::sys
