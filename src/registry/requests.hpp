// Requests for manifests and blobs as a pull through a mirror sends them, and our own redirect step.
#pragma once

#include "base/result.hpp"
#include "model/profile.hpp"
#include "net/transport.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::registry {

inline constexpr int kMaxRedirects = 5;

// Whom we ask, and as whom.
struct Endpoint {
    Mirror mirror;
    std::string upstream;            // "docker.io"
    std::string authorization = {};  // "Bearer ..." or "Basic ...", "" for none
    std::string user_agent = {};
};

struct ByteRange {
    std::int64_t first = 0;
    std::int64_t last = 0;  // inclusive
};

// What of a "Content-Range: bytes 0-99/1234" matters; total = -1 for "*".
struct ContentRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t total = -1;
};

// GET (or HEAD) of a manifest by tag or digest. `repository` as the upstream spells it.
net::Request manifest_request(const Endpoint& endpoint, const std::string& repository,
                              const std::string& target, std::string_view method = "GET");
net::Request blob_request(const Endpoint& endpoint, const std::string& repository, const std::string& digest,
                          const std::optional<ByteRange>& range = std::nullopt);

// "?ns=<upstream>" as containerd adds it for every host that is not the upstream itself
// (core/remotes/docker/resolver.go, isProxy).
std::string namespace_query(const Url& host, const std::string& upstream);

// The scope that a pull asks a token for, as this mirror spells the repository.
std::string pull_scope(const Mirror& mirror, const std::string& repository);

bool is_redirect(int status);  // 301, 302, 303, 307, 308

// The next request after a redirect: same method, range and Accept; Authorization only while scheme, host and
// port stay the same (distribution-spec, "API"). `hops` = redirects followed before this one. Errors: http -
// no Location, https to http, another scheme, more than kMaxRedirects, a special address although `registry`
// (where the chain began) is a public host.
Result<net::Request> follow_redirect(const net::Request& request, const net::Response& response,
                                     const Url& registry, int hops);

std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace mirrorctl::registry
