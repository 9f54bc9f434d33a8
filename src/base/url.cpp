#include "base/url.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl {

namespace {

int default_port(std::string_view scheme) {
    if (scheme == "http") return 80;
    if (scheme == "https") return 443;
    return 1080;
}

Failure bad(std::string_view text, std::string_view why) {
    return Failure(
        Error{.code = ErrorCode::parse, .message = cat("not a usable URL: ", mask_secrets(text), ": ", why)});
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Reads host and port out of "host[:port]" or "[v6]:port".
Result<void> parse_authority(std::string_view text, std::string_view authority, Url& url) {
    std::string_view port;
    if (authority.starts_with('[')) {
        auto close = authority.find(']');
        if (close == std::string_view::npos) return bad(text, "'[' without ']'");
        url.host = lower(authority.substr(0, close + 1));
        if (url.host.find_first_not_of("[]0123456789abcdef:.") != std::string::npos || url.host.size() < 4)
            return bad(text, "not an IPv6 address");
        auto rest = authority.substr(close + 1);
        if (!rest.empty() && rest[0] != ':') return bad(text, "unexpected text after ']'");
        if (!rest.empty()) port = rest.substr(1);
    } else {
        auto colon = authority.rfind(':');
        url.host = lower(authority.substr(0, colon));
        if (colon != std::string_view::npos) port = authority.substr(colon + 1);
        if (url.host.empty()) return bad(text, "no host");
        if (!std::all_of(url.host.begin(), url.host.end(), is_host_char))
            return bad(text, "a character that no host name has");
    }
    if (port.empty()) return {};
    auto number = parse_integer(port);
    if (!number || *number < 1 || *number > 65535) return bad(text, "the port must be 1 to 65535");
    url.port = static_cast<int>(*number);
    if (url.port == default_port(url.scheme)) url.port = 0;
    return {};
}

}  // namespace

int Url::effective_port() const {
    return port != 0 ? port : default_port(scheme);
}

std::string Url::authority() const {
    return port == 0 ? host : cat(host, ":", port);
}

std::string Url::origin() const {
    return cat(scheme, "://", authority());
}

std::string Url::str() const {
    return cat(scheme, "://", userinfo.empty() ? "" : userinfo + "@", authority(), path,
               query.empty() ? "" : "?" + query);
}

std::string Url::masked() const {
    return cat(scheme, "://", userinfo.empty() ? "" : "***@", authority(), path,
               query.empty() ? "" : "?" + query);
}

Result<Url> parse_url(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
            return bad(text, "a blank or a control character");
    auto mark = text.find("://");
    if (mark == std::string_view::npos) return bad(text, "no scheme (write https://...)");
    Url url;
    url.scheme = lower(text.substr(0, mark));
    if (url.scheme != "http" && url.scheme != "https" && url.scheme != "socks5" && url.scheme != "socks5h")
        return bad(text, "the scheme must be http or https (proxies: also socks5)");
    auto rest = text.substr(mark + 3);
    if (rest.find('#') != std::string_view::npos) return bad(text, "a fragment has no meaning here");
    auto path_at = rest.find_first_of("/?");
    auto authority = rest.substr(0, path_at);
    if (auto at = authority.rfind('@'); at != std::string_view::npos) {
        url.userinfo = std::string(authority.substr(0, at));
        authority = authority.substr(at + 1);
    }
    TRY(parse_authority(text, authority, url));
    if (path_at == std::string_view::npos) return url;
    rest = rest.substr(path_at);
    auto question = rest.find('?');
    url.path = std::string(rest.substr(0, question));
    if (question != std::string_view::npos) url.query = std::string(rest.substr(question + 1));
    return url;
}

Url without_trailing_slash(Url url) {
    while (!url.path.empty() && url.path.back() == '/') url.path.pop_back();
    return url;
}

bool same_mirror(std::string_view a, std::string_view b) {
    auto bare = [](std::string_view text) {
        while (text.ends_with('/')) text.remove_suffix(1);
        return text;
    };
    return bare(a) == bare(b);
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
    location = location.substr(0, location.find('#'));
    auto scheme_end = location.find("://");
    if (scheme_end != std::string_view::npos && location.find_first_of("/?") > scheme_end)
        return parse_url(location);
    if (location.starts_with("//")) return parse_url(cat(base.scheme, ":", location));
    auto authority = cat(base.scheme, "://", base.authority());
    if (location.starts_with('/')) return parse_url(authority + std::string(location));
    if (location.starts_with('?')) return parse_url(cat(authority, base.path, location));
    auto colon = location.find(':');
    if (colon != std::string_view::npos && location.find_first_of("/?") > colon)
        return bad(location, "the scheme must be http or https");
    auto folder = base.path.substr(0, base.path.rfind('/') == std::string::npos ? 0 : base.path.rfind('/'));
    return parse_url(cat(authority, folder, "/", location));
}

namespace {

// "host", "host:port" or "[v6]:port", what may follow it in a sentence included.
bool is_host_and_port(std::string_view text) {
    if (text.starts_with('[')) return true;
    while (!text.empty() && std::string_view(".,;:)'").find(text.back()) != std::string_view::npos)
        text.remove_suffix(1);
    auto colon = text.find(':');
    return colon == std::string_view::npos || parse_integer(text.substr(colon + 1)).has_value();
}

// Where a word ends: at a blank, or at a quote that no backslash precedes.
std::size_t word_end(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == ' ' || text[i] == '\t' || (text[i] == '"' && (i == 0 || text[i - 1] != '\\')))
            return i;
    return text.size();
}

// Where the '@' that ends the credentials stands in "user:password@host...", npos if there are none. A
// password with a raw '/', '?', '#' or blank is not valid in a URL, yet people write it, so "user:" before
// what is no port counts as credentials too, up to the last '@' of the line; of a text that was cut short,
// all of it.
std::size_t userinfo_end(std::string_view text) {
    text = text.substr(0, text.find_first_of("\r\n"));
    text = text.substr(0, text.find("://"));
    auto word = text.substr(0, word_end(text));
    auto authority = word.substr(0, word.find_first_of("/?#"));
    if (auto at = authority.rfind('@'); at != std::string_view::npos) return at;
    if (is_host_and_port(authority)) return std::string_view::npos;
    if (auto at = word.rfind('@'); at != std::string_view::npos) return at;
    if (auto at = text.rfind('@'); at != std::string_view::npos) return at;
    return word.ends_with("...") ? word.size() : std::string_view::npos;
}

// "://", or as JSON may escape it; its end, npos if there is none.
std::size_t end_of_mark(std::string_view text, std::size_t from) {
    constexpr std::string_view kEscaped = ":\\/\\/";
    auto plain = text.find("://", from);
    auto escaped = text.find(kEscaped, from);
    if (plain == std::string_view::npos && escaped == std::string_view::npos) return plain;
    return plain < escaped ? plain + 3 : escaped + kEscaped.size();
}

}  // namespace

std::string mask_secrets(std::string_view text) {
    std::string out;
    std::size_t from = 0;
    for (;;) {
        auto begin = end_of_mark(text, from);
        if (begin == std::string_view::npos) return out.append(text.substr(from));
        auto at = userinfo_end(text.substr(begin));
        out.append(text.substr(from, begin - from));
        if (at != std::string_view::npos) {
            out += "***";
            from = begin + at;
        } else {
            from = begin;
        }
    }
}

std::string percent_decode(std::string_view text) {
    auto value = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && value(text[i + 1]) >= 0 && value(text[i + 2]) >= 0) {
            out += static_cast<char>(value(text[i + 1]) * 16 + value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace mirrorctl
