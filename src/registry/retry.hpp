// When to ask again.
#pragma once

#include "net/transport.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace mirrorctl::registry {

// Seconds from Retry-After (RFC 9110 section 10.2.3: a number, or a date); nullopt if there is none that
// makes sense. At most a day. A date counts from the answer's own Date; where there is none, from `wall`,
// seconds since 1970 UTC.
std::optional<double> retry_after(const net::Response& response, double wall);

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994" (RFC 9110
// section 5.6.7) -> seconds since 1970. `wall` = today, for years of two digits.
std::optional<double> parse_http_date(std::string_view text, double wall);

// What may be well a moment later: 408, 429, 500, 502, 503, 504 and the proxies' 499, 520-524.
bool is_transient(int status);

// What Docker Hub says with every manifest: "ratelimit-remaining: 76;w=21600", w in seconds. Without a window
// it is no pull limit: other registries count requests per minute under that name.
struct PullLimit {
    std::int64_t left = 0;
    std::int64_t window = 0;
};
std::optional<PullLimit> pull_limit(const net::Response& response);

// 0.5, 1, 2, ... 20 seconds, each up to half as long again: `jitter` in 0..1.
double backoff(int attempt, double jitter);

}  // namespace mirrorctl::registry
