// One GET over HTTP/1.1 on a unix socket.
#pragma once

#include "base/result.hpp"

#include <string>

namespace mirrorctl::sys {

// The body of a 200 answer. `url_path` begins with '/'. Errors: not_found (no socket), permission_denied,
// network (nobody listens, silence, a cut answer), http (another status, in `cause`; more than 4 MiB).
Result<std::string> unix_get(const std::string& socket_path, const std::string& url_path,
                             double timeout_seconds);

}  // namespace mirrorctl::sys
