// Queries and forms of token requests.
#pragma once

#include "base/url.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::registry {

// Everything but unreserved characters and ":" "/" (which token servers show unescaped).
std::string query_escape(std::string_view text);

// The form that asks with a refresh token (distribution, docs/content/spec/auth/oauth.md): service and scope
// are taken from the query of `token_url`.
std::string token_form(const Url& token_url, std::string_view refresh_token);

}  // namespace mirrorctl::registry
