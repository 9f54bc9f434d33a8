#include "registry/token.hpp"

#include "base/strings.hpp"
#include "net/address.hpp"
#include "registry/form.hpp"

namespace mirrorctl::registry {

namespace {

Failure no_token(std::string_view realm, std::string_view why) {
    return Failure(
        Error{.code = ErrorCode::http,
              .message = cat("token realm not used: ", mask_secrets(printable_line(realm)), ": ", why)});
}

Result<Url> usable_realm(const std::string& realm, const Url& registry) {
    auto url = parse_url(realm);
    if (!url) return no_token(realm, "not a URL");
    if (url->scheme != "https" && url->scheme != "http") return no_token(realm, "not http or https");
    if (registry.scheme == "https" && url->scheme != "https")
        return no_token(realm, "plain http although the registry is https");
    if (!url->userinfo.empty()) return no_token(realm, "it carries credentials");
    if (!may_send_to(registry.host, url->host))
        return no_token(realm, "an address that only this machine can reach");
    return *url;
}

void add_parameter(Url& url, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    url.query += cat(url.query.empty() ? "" : "&", name, "=", query_escape(value));
}

Result<Demand> bearer_demand(const Challenge& challenge, const Url& registry, std::string_view scope) {
    auto realm = challenge.parameter("realm");
    if (realm.empty()) return no_token("(none)", "the challenge names no realm");
    TRY_ASSIGN(auto url, usable_realm(realm, registry));
    add_parameter(url, "service", challenge.parameter("service"));
    auto demanded = challenge.parameter("scope");
    // Some registries look at the first scope only: the one that was demanded goes first
    // (go-containerregistry, bearer.go).
    for (const auto& one : split(demanded, ' ')) add_parameter(url, "scope", one);
    if (demanded != scope) add_parameter(url, "scope", scope);
    return Demand{.kind = Demand::Kind::bearer, .token_url = std::move(url)};
}

// "127.1", "2130706433" and "0x7f000001" are addresses to resolvers (inet_aton); no registry is written like
// that.
bool is_odd_number(std::string_view host) {
    return host.starts_with("0x") || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool is_special_host(std::string_view host) {
    while (host.ends_with('.')) host.remove_suffix(1);
    if (host == "localhost" || host.ends_with(".localhost")) return true;
    if (auto address = net::parse_address(host)) return !net::special_address(*address).empty();
    return host.starts_with('[') || is_odd_number(host);
}

bool may_send_to(std::string_view registry, std::string_view host) {
    if (!is_special_host(host) || host == registry) return true;
    auto loopback = [](std::string_view name) {
        auto address = net::parse_address(name);
        return address ? net::is_loopback(*address) : name == "localhost";
    };
    return loopback(registry) && loopback(host);
}

bool same_origin(const Url& a, const Url& b) {
    return a.scheme == b.scheme && a.host == b.host && a.effective_port() == b.effective_port();
}

Result<Demand> read_demand(const std::vector<std::string>& www_authenticate, const Url& registry,
                           std::string_view scope, bool have_credentials) {
    auto challenges = parse_challenges(www_authenticate);
    Error why{.code = ErrorCode::http,
              .message = "the 401 names no way to get in: no WWW-Authenticate challenge"};
    for (const auto& challenge : challenges) {
        if (challenge.scheme != "bearer") continue;
        auto demand = bearer_demand(challenge, registry, scope);
        if (demand) return demand;
        why = std::move(demand).error();
    }
    bool basic =
        std::any_of(challenges.begin(), challenges.end(), [](const auto& c) { return c.scheme == "basic"; });
    if (basic && have_credentials) return Demand{.kind = Demand::Kind::basic, .token_url = {}};
    if (basic)
        why.message = "the 401 wants a user name and password";
    else if (!challenges.empty() && challenges.front().scheme != "bearer")
        why.message = cat("the 401 wants an unknown scheme: ", printable_line(challenges.front().scheme, 40));
    return Failure(std::move(why));
}

std::string basic_authorization(std::string_view credentials) {
    return cat("Basic ", base64_encode(credentials));
}

net::Request token_request(const Url& token_url, const Url& registry, std::string_view credentials) {
    net::Request request{.url = token_url};
    request.headers.emplace_back("Accept", "application/json");
    if (!credentials.empty() && same_origin(token_url, registry))
        request.headers.emplace_back("Authorization", basic_authorization(credentials));
    request.max_body_bytes = kMaxTokenBytes;
    request.allow_special_addresses = is_special_host(registry.host);
    return request;
}

}  // namespace mirrorctl::registry
