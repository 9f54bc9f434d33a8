#include "registry/form.hpp"

#include "base/strings.hpp"

#include <vector>

namespace mirrorctl::registry {

std::string query_escape(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     std::string_view("-._~:/").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    return out;
}

std::string token_form(const Url& token_url, std::string_view refresh_token) {
    std::string service;
    std::vector<std::string> scopes;
    for (const auto& field : split(token_url.query, '&')) {
        if (field.starts_with("service=")) service = field.substr(8);
        if (field.starts_with("scope=")) scopes.push_back(field.substr(6));
    }
    return cat("grant_type=refresh_token&service=", service,
               "&client_id=mirrorctl&scope=", join(scopes, "%20"),
               "&refresh_token=", query_escape(refresh_token));
}

}  // namespace mirrorctl::registry
