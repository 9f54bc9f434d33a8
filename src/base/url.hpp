// URLs of registries, mirrors, realms and proxies: absolute, http or https (proxies: also socks5 and
// socks5h).
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace mirrorctl {

struct Url {
    std::string scheme;    // lower case
    std::string userinfo;  // as written, "user:password"; empty if none. Never printed: see masked()
    std::string host;      // lower case, IPv6 in brackets
    int port = 0;          // 0 = the scheme's default
    std::string path;      // "" or "/...", as written
    std::string query;     // without '?'

    std::string str() const;        // userinfo included: for requests and files only
    std::string masked() const;     // for people: userinfo replaced by "***@"
    std::string authority() const;  // host[:port] without a default port
    std::string origin() const;     // scheme://authority: credentials are bound to this
    int effective_port() const;     // 80, 443, 1080 or the given one
    bool operator==(const Url&) const = default;
};

// Mirrors and origins are the same with and without a slash at the end of the path.
Url without_trailing_slash(Url url);
// The same for the text of one, as a user has spelled it in a file.
bool same_mirror(std::string_view a, std::string_view b);

// Errors: parse, with what is wrong. A fragment, blanks and control characters are refused.
Result<Url> parse_url(std::string_view text);

// `location` (absolute, scheme-relative, absolute path or relative) seen from `base` (RFC 3986 section 5.2,
// paths kept byte for byte).
Result<Url> resolve_url(const Url& base, std::string_view location);

// The text with every "scheme://user:password@" masked; for text that may hold a URL somewhere.
std::string mask_secrets(std::string_view text);

// "%41" -> "A"; malformed escapes stay as they are.
std::string percent_decode(std::string_view text);

}  // namespace mirrorctl
