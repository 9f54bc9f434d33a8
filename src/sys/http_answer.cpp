#include "sys/http_answer.hpp"

#include "base/strings.hpp"

#include <charconv>

namespace mirrorctl::sys {

namespace {

constexpr std::size_t kMostHeaderBytes = 64 * 1024;

Failure bad(std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse, .message = cat("not an HTTP answer: ", why)});
}

// The value of a header in a block of lines, trimmed; "" if it is not there.
std::string header_value(std::string_view head, std::string_view name) {
    for (const auto& line : split(head, '\n')) {
        auto colon = line.find(':');
        if (colon != std::string::npos && lower(trim(line.substr(0, colon))) == name)
            return lower(trim(line.substr(colon + 1)));
    }
    return "";
}

// RFC 9112 section 7.1: hex size [";" extension] CRLF, data CRLF, ..., 0 CRLF, trailers, CRLF.
Result<std::optional<std::string>> unchunk(std::string_view rest) {
    std::string body;
    for (;;) {
        auto line_end = rest.find("\r\n");
        if (line_end == std::string_view::npos)
            return rest.size() > 1024 ? bad("a chunk without a size") : Result<std::optional<std::string>>();
        std::size_t size = 0;
        auto [end, error] = std::from_chars(rest.data(), rest.data() + line_end, size, 16);
        if (error != std::errc() || (end != rest.data() + line_end && *end != ';' && *end != ' '))
            return bad("a bad chunk size");
        rest.remove_prefix(line_end + 2);
        if (size == 0)
            return std::optional<std::string>(std::move(body));  // trailers say nothing that we need
        if (rest.size() < size || rest.size() - size < 2) return std::optional<std::string>();
        if (rest.substr(size, 2) != "\r\n") return bad("a chunk without an end");
        body.append(rest.substr(0, size));
        rest.remove_prefix(size + 2);
    }
}

}  // namespace

Result<std::optional<HttpAnswer>> parse_http_answer(std::string_view received, bool closed) {
    auto more = [&]() -> Result<std::optional<HttpAnswer>> {
        if (closed) return bad("it ends too early");
        return std::optional<HttpAnswer>();
    };
    auto head_end = received.find("\r\n\r\n");
    if (head_end == std::string_view::npos)
        return received.size() > kMostHeaderBytes ? bad("its headers do not end") : more();
    auto head = received.substr(0, head_end);
    auto rest = received.substr(head_end + 4);
    if (!head.starts_with("HTTP/1.") || head.size() < 12) return bad("no status line");
    auto status = parse_integer(head.substr(9, 3));
    if (!status || *status < 100) return bad("no status");
    if (*status < 200) return parse_http_answer(rest, closed);
    HttpAnswer answer{.status = static_cast<int>(*status), .body = {}};
    if (header_value(head, "transfer-encoding").ends_with("chunked")) {
        TRY_ASSIGN(auto body, unchunk(rest));
        if (!body) return more();
        answer.body = std::move(*body);
        return std::optional<HttpAnswer>(std::move(answer));
    }
    if (auto length = header_value(head, "content-length"); !length.empty()) {
        auto size = parse_integer(length);
        if (!size || *size < 0) return bad("a bad Content-Length");
        if (rest.size() < static_cast<std::size_t>(*size)) return more();
        answer.body = rest.substr(0, static_cast<std::size_t>(*size));
        return std::optional<HttpAnswer>(std::move(answer));
    }
    bool no_body = *status == 204 || *status == 304;
    if (!closed && !no_body) return more();
    if (!no_body) answer.body = rest;
    return std::optional<HttpAnswer>(std::move(answer));
}

}  // namespace mirrorctl::sys
