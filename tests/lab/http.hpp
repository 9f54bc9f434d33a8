// As much of HTTP/1.1 as a registry's clients use: request heads in, answer heads out. Requests with bodies
// are not expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl::lab {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method;
    std::string path;  // percent-decoded
    std::string query;
    std::string target;  // path and query as sent
    Headers headers;     // names in lower case
    bool keep_alive = true;

    std::string header(std::string_view lower_case_name) const;  // "" if absent
    // The values of a query parameter, percent-decoded.
    std::vector<std::string> parameters(std::string_view name) const;
};

// Takes one request head off the front of `buffer`. nullopt: not complete yet. A head that is not HTTP gives
// an empty method.
std::optional<HttpRequest> take_request(std::string& buffer);

struct ByteRange {
    std::int64_t first = 0;
    std::int64_t last = 0;  // inclusive
};
// One range of RFC 9110 section 14.1.2 ("bytes=0-1023", "bytes=5-", "bytes=-10") cut to `size`; nullopt:
// none, or not satisfiable.
std::optional<ByteRange> parse_range(std::string_view header, std::int64_t size);

std::string_view reason_of(int status);

}  // namespace mirrorctl::lab
