// From what a server did to why it cannot be used: one fault, one sentence.
#pragma once

#include "base/error.hpp"
#include "model/report.hpp"
#include "net/transport.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::bench {

struct Verdict {
    Fault fault = Fault::none;
    std::string reason = {};     // plain words, printable
    double retry_after = -1;     // seconds that a 429 or a server error asked for
    bool proxy_is_down = false;  // the proxy itself is to blame: nothing can be said about any mirror
};

// A transfer that ended with an error (libcurl's codes, curl/curl.h). `what` = "the manifest", "a blob", ...
Verdict verdict_of_error(const Error& error, std::string_view what);
// A status that is not what a pull needs. Pages in HTML are told apart. `wall` = seconds since 1970, for a
// Retry-After that is a date.
Verdict verdict_of_status(const net::Response& response, std::string_view what, double wall);

bool says_html(const net::Response& response);
bool looks_like_html(std::string_view body);

}  // namespace mirrorctl::bench
