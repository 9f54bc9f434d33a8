// Just enough of HTTP/1.1 (RFC 9112) to read one answer from a daemon's unix socket.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::sys {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

// The answer in `received`, or nullopt while more bytes are needed. `closed`: the peer has closed, nothing
// more will come. Understands Content-Length, chunked bodies and bodies that end with the connection; 1xx
// answers are skipped. Errors: parse (not HTTP, bad chunk, cut short).
Result<std::optional<HttpAnswer>> parse_http_answer(std::string_view received, bool closed);

}  // namespace mirrorctl::sys
