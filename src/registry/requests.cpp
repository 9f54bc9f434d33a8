#include "registry/requests.hpp"

#include "base/strings.hpp"
#include "registry/manifest.hpp"
#include "registry/token.hpp"

#include <algorithm>

namespace mirrorctl::registry {

namespace {

net::Request request_at(const Endpoint& endpoint, const std::string& repository, std::string_view what) {
    net::Request request;
    request.url = endpoint.mirror.url;
    request.url.userinfo.clear();
    request.url.path =
        cat(api_root(endpoint.mirror), "/", repository_at(endpoint.mirror, repository), "/", what);
    request.url.query = namespace_query(request.url, endpoint.upstream);
    if (!endpoint.user_agent.empty()) request.headers.emplace_back("User-Agent", endpoint.user_agent);
    if (!endpoint.authorization.empty())
        request.headers.emplace_back("Authorization", endpoint.authorization);
    return request;
}

Failure refuse(const net::Request& request, std::string_view why) {
    return Failure(Error{.code = ErrorCode::http,
                         .message = cat("redirect of ", request.url.host, " not followed: ", why)});
}

}  // namespace

std::string namespace_query(const Url& host, const std::string& upstream) {
    if (host.authority() == upstream) return "";
    if (upstream == "docker.io" && host.authority() == "registry-1.docker.io") return "";
    return "ns=" + upstream;
}

std::string pull_scope(const Mirror& mirror, const std::string& repository) {
    return cat("repository:", repository_at(mirror, repository), ":pull");
}

net::Request manifest_request(const Endpoint& endpoint, const std::string& repository,
                              const std::string& target, std::string_view method) {
    auto request = request_at(endpoint, repository, cat("manifests/", target));
    request.method = std::string(method);
    request.headers.emplace_back("Accept", accept_manifests());
    request.max_body_bytes = kMaxManifestBytes;
    return request;
}

net::Request blob_request(const Endpoint& endpoint, const std::string& repository, const std::string& digest,
                          const std::optional<ByteRange>& range) {
    auto request = request_at(endpoint, repository, cat("blobs/", digest));
    if (range) request.headers.emplace_back("Range", cat("bytes=", range->first, "-", range->last));
    return request;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<net::Request> follow_redirect(const net::Request& request, const net::Response& response,
                                     const Url& registry, int hops) {
    auto location = response.header("Location");
    if (!location) return refuse(request, "it names no Location");
    if (hops >= kMaxRedirects) return refuse(request, cat("more than ", kMaxRedirects, " redirects"));
    auto target = resolve_url(request.url, *location);
    if (!target)
        return refuse(request, cat("not a usable address: ", mask_secrets(printable_line(*location, 80))));
    if (target->scheme != "http" && target->scheme != "https")
        return refuse(request, "neither http nor https");
    if (request.url.scheme == "https" && target->scheme == "http")
        return refuse(request, cat("from https to plain http at ", target->host));
    if (!target->userinfo.empty()) return refuse(request, "the address carries credentials");
    if (!may_send_to(registry.host, target->host))
        return refuse(request, cat("to an address that only this machine can reach (", target->host, ")"));
    net::Request next = request;
    next.url = std::move(*target);
    if (!same_origin(request.url, next.url))
        std::erase_if(next.headers, [](const net::Header& h) { return lower(h.first) == "authorization"; });
    next.allow_special_addresses = is_special_host(registry.host);
    return next;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
    text = trim(text);
    if (!lower(text.substr(0, 6)).starts_with("bytes ")) return std::nullopt;
    auto rest = trim(text.substr(6));
    auto dash = rest.find('-');
    auto slash = rest.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
        return std::nullopt;
    auto first = parse_integer(rest.substr(0, dash));
    auto last = parse_integer(rest.substr(dash + 1, slash - dash - 1));
    bool unknown = rest.substr(slash + 1) == "*";
    auto total = unknown ? std::optional<std::int64_t>(-1) : parse_integer(rest.substr(slash + 1));
    if (!first || !last || !total || *first < 0 || *last < *first || (!unknown && *last >= *total))
        return std::nullopt;
    return ContentRange{.first = *first, .last = *last, .total = *total};
}

}  // namespace mirrorctl::registry
