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
    double retry_after = -1;     // seconds a 429 or 503 asked for
    bool proxy_is_down = false;  // the proxy itself is to blame: nothing can be said about any mirror
};

// A transfer that ended with an error (libcurl's codes, curl/curl.h). `what` = "the manifest", "a blob", ...
Verdict verdict_of_error(const Error& error, std::string_view what);
// A status that is not what a pull needs. Pages in HTML are told apart.
Verdict verdict_of_status(const net::Response& response, std::string_view what);
// A 429 or 503 answer's Retry-After in seconds; -1 if there is none or it is a date (RFC 9110
// section 10.2.3). At most a day.
double retry_after(const net::Response& response);

bool says_html(const net::Response& response);
bool looks_like_html(std::string_view body);

}  // namespace mirrorctl::bench
