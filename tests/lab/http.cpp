#include "lab/http.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <algorithm>

namespace mirrorctl::lab {

std::string HttpRequest::header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) return value;
    }
    return "";
}

std::vector<std::string> HttpRequest::parameters(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& part : split(query, '&')) {
        const auto equals = part.find('=');
        if (equals != std::string::npos && part.substr(0, equals) == name) {
            out.push_back(percent_decode(replace_all(part.substr(equals + 1), "+", " ")));
        }
    }
    return out;
}

namespace {

void read_request_line(const std::string& line, HttpRequest& out) {
    const auto words = split(line, ' ');
    if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return;
    out.method = words[0];
    out.target = words[1];
    // Absolute form, as a proxy sees it (RFC 9112 section 3.2.2).
    if (const auto scheme = out.target.find("://"); scheme != std::string::npos) {
        const auto slash = out.target.find('/', scheme + 3);
        out.target = slash == std::string::npos ? "/" : out.target.substr(slash);
    }
    const auto question = out.target.find('?');
    out.path = percent_decode(out.target.substr(0, question));
    if (question != std::string::npos) out.query = out.target.substr(question + 1);
    out.keep_alive = words[2] != "HTTP/1.0";
}

}  // namespace

std::optional<HttpRequest> take_request(std::string& buffer) {
    const auto end = buffer.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (buffer.size() < 64 * 1024) return std::nullopt;
        buffer.clear();
        return HttpRequest{};
    }
    const auto lines = split(buffer.substr(0, end), '\n');
    buffer.erase(0, end + 4);
    HttpRequest out;
    read_request_line(std::string(trim(lines.front())), out);
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto colon = lines[i].find(':');
        if (colon == std::string::npos) continue;
        out.headers.emplace_back(lower(lines[i].substr(0, colon)),
                                 std::string(trim(lines[i].substr(colon + 1))));
    }
    if (lower(out.header("connection")) == "close") out.keep_alive = false;
    return out;
}

std::optional<ByteRange> parse_range(std::string_view header, std::int64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    if (!header.starts_with(kUnit)) return std::nullopt;
    header.remove_prefix(kUnit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return std::nullopt;
    const auto first = parse_integer(header.substr(0, dash));
    const auto last = parse_integer(header.substr(dash + 1));
    if (!first && !last) return std::nullopt;
    ByteRange out{.first = first ? *first : std::max<std::int64_t>(0, size - *last),
                  .last = first && last ? std::min(*last, size - 1) : size - 1};
    if (out.first > out.last) return std::nullopt;
    return out;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 206:
            return "Partial Content";
        case 307:
            return "Temporary Redirect";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 407:
            return "Proxy Authentication Required";
        case 416:
            return "Range Not Satisfiable";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return "Answer";
    }
}

}  // namespace mirrorctl::lab
