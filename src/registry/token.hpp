// Bearer tokens and basic credentials (distribution, docs/content/spec/auth/token.md). Rules for the realm:
// https when the registry is https, no userinfo; redirects of a token request are never followed; addresses
// that only this node can reach are refused unless the registry is on one itself (the CVE-2020-15157 family).
#pragma once

#include "base/result.hpp"
#include "net/transport.hpp"
#include "registry/challenge.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::registry {

inline constexpr std::int64_t kMaxTokenBytes = 1 << 20;

// "127.0.0.1", "[::1]", "localhost", link-local, metadata and unspecified addresses: places that no public
// registry may send us to. Names that resolve to such an address are caught by the transport
// (Request::allow_special_addresses).
bool is_special_host(std::string_view host);
// May `registry` send us to `host`? Special hosts only by itself or, for loopback, by another loopback
// registry (a test set-up): even such a one may not point at metadata services.
bool may_send_to(std::string_view registry, std::string_view host);

// What a 401 asks for.
struct Demand {
    enum class Kind { bearer, basic };
    Kind kind = Kind::bearer;
    Url token_url = {};  // realm with service and scope; bearer only
};

// The demand that we can meet: bearer before basic. `scope` ("repository:library/busybox:pull") is asked for
// besides the scopes that the challenge names (containerd, scope.go GetTokenScopes: pull-through registries
// need both). Basic only counts with `have_credentials`. Errors: http, naming why no challenge is usable.
Result<Demand> read_demand(const std::vector<std::string>& www_authenticate, const Url& registry,
                           std::string_view scope, bool have_credentials);

// The request for a token. `credentials` ("user:password" or "") go along as Basic only when the realm is on
// the registry's own host:port.
net::Request token_request(const Url& token_url, const Url& registry, std::string_view credentials);

struct Grant {
    std::string token;    // secret
    double seconds = 60;  // expires_in; never less than 60 (token.md)
};
Result<Grant> parse_grant(std::string_view body);

// "token" or "access_token" of the answer. Errors: parse. A token with characters that no header may hold is
// refused.
Result<std::string> parse_token(std::string_view body);

std::string basic_authorization(std::string_view credentials);  // "Basic ..."

// True when both are the same scheme, host and port: the scope of credentials.
bool same_origin(const Url& a, const Url& b);

}  // namespace mirrorctl::registry
