#include "profile/build.hpp"

#include "base/strings.hpp"
#include "profile/values.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace mirrorctl::profile {

namespace {

constexpr double kDay = 86400;
constexpr std::array<std::string_view, 2> kFallbacks = {"origin", "none"};

// "docker.io", "registry.example.com:5000": a registry as it stands in front of an image name.
bool is_registry_name(const std::string& name) {
    if (name.find('/') != std::string::npos || name.find('@') != std::string::npos || name != lower(name))
        return false;
    if (name.find('.') == std::string::npos && name.find(':') == std::string::npos && name != "localhost")
        return false;
    return parse_url("https://" + name).has_value();
}

std::string default_origin(const std::string& name) {
    // Docker Hub answers the API under another name than its images carry (moby registry/config.go:
    // DefaultRegistryHost).
    return cat("https://", name == "docker.io" ? "registry-1.docker.io" : name);
}

Url build_origin(const Node& node, const std::string& name, Problems& problems) {
    const Node* origin = node.find("origin");
    auto text = origin == nullptr ? default_origin(name) : origin->text;
    const auto& at = origin == nullptr ? node : *origin;
    auto url = parse_url(text);
    if (!url) {
        problems.add(at.where(), cat("origin: ", printable_line(url.error().message, 300)));
        return {};
    }
    if ((url->scheme != "https" && url->scheme != "http") || !url->userinfo.empty() || !url->query.empty() ||
        !without_trailing_slash(*url).path.empty())
        problems.add(at.where(),
                     cat("origin: expected scheme://host[:port], found ", printable_line(url->masked())));
    return without_trailing_slash(*url);
}

void build_mirrors(const Node& list, Upstream& upstream, UpstreamPlaces& places, Problems& problems) {
    std::map<std::string, int> seen;
    for (const auto& node : list.items) {
        auto mirror = build_mirror(node, problems);
        if (!mirror) continue;
        const Node& url = *node.find("url");
        if (const Node* canary = node.find("canary"))
            mirror->canary = build_canary(*canary, upstream.name, problems);
        auto [it, fresh] = seen.emplace(mirror->url.str(), url.place.line);
        if (!fresh)
            problems.add(url.where(),
                         cat("mirror listed twice: ", mirror->url.str(), ": first in line ", it->second));
        if (mirror->url == upstream.origin)
            problems.add(url.where(),
                         cat("this is the origin itself, which is always a candidate: ", mirror->url.str()));
        upstream.mirrors.push_back(std::move(*mirror));
        places.mirrors.push_back(url.where());
    }
}

void build_upstream(const Node& node, Built& built, Problems& problems) {
    Upstream upstream;
    upstream.name = node.key;
    UpstreamPlaces places{.upstream = node.where_key()};
    if (!is_registry_name(node.key))
        return problems.add(node.where_key(),
                            cat("upstreams: expected a registry's name (docker.io, ghcr.io), found ",
                                printable_line(node.key, 80)));
    upstream.origin = build_origin(node, node.key, problems);
    upstream.fallback = static_cast<Fallback>(choice_of(node, "fallback", kFallbacks, problems));
    if (const Node* canaries = node.find("canary"))
        for (const auto& canary : canaries->items)
            upstream.canaries.push_back(build_canary(canary, upstream.name, problems));
    auto known = problems.errors.size();
    if (const Node* mirrors = node.find("mirrors")) build_mirrors(*mirrors, upstream, places, problems);
    if (upstream.fallback == Fallback::none && upstream.mirrors.empty() && problems.errors.size() == known)
        problems.add(
            node.find("fallback")->where(),
            cat("fallback: none needs at least one mirror: ", node.key, " could not be pulled at all"));
    built.profile.upstreams.push_back(std::move(upstream));
    built.places.push_back(std::move(places));
}

// Values may hold passwords, so none is ever shown.
std::string build_proxy_value(const Node& map, std::string_view key, Problems& problems) {
    auto text = map.value(key);
    if (text.empty()) return "";
    bool good = text.starts_with("file:") ? text.starts_with("file:/") && text.size() > 6 : false;
    if (!good)
        if (auto url = parse_url(text))
            good = url->path.find_first_not_of('/') == std::string::npos && url->query.empty();
    if (!good)
        problems.add(map.find(key)->where(),
                     cat(key,
                         ": expected scheme://[user:password@]host:port (http, https, socks5, socks5h) "
                         "or file:/path; what stands there is not shown: it may hold a password"));
    return text;
}

void build_proxy(const Node& node, ProxySettings& proxy, Problems& problems) {
    proxy.given = true;
    proxy.http = build_proxy_value(node, "http", problems);
    proxy.https = build_proxy_value(node, "https", problems);
    proxy.all = build_proxy_value(node, "all", problems);
    if (const Node* list = node.find("no_proxy"))
        for (const auto& item : list->items)
            if (item.text.empty() || item.text.find_first_of(" \t,\"'") != std::string::npos ||
                printable(item.text) != item.text)
                problems.add(
                    item.where(),
                    cat("no_proxy: expected one host, .domain, address or network, found ", describe(item)),
                    "one list entry for each");
    proxy.no_proxy = texts_of(node, "no_proxy");
    if (node.find("targets") != nullptr) proxy.targets = texts_of(node, "targets");
}

void build_policy(const Node& node, Policy& policy, Problems& problems) {
    policy.keep = integer_of(node, "keep", policy.keep, {1, 16}, problems);
    policy.switch_margin = number_of(node, "switch_margin", policy.switch_margin, {0, 10}, problems);
    policy.ttl = seconds_of(node, "ttl", policy.ttl, {0, 90 * kDay}, problems);
    policy.recheck = seconds_of(node, "recheck", policy.recheck, {0, 90 * kDay}, problems);
    policy.failure_ttl = seconds_of(node, "failure_ttl", policy.failure_ttl, {0, 90 * kDay}, problems);
    const Node* budget = node.find("budget");
    if (budget == nullptr) return;
    auto& b = policy.budget;
    constexpr double kMiB = 1024.0 * 1024;
    b.seconds = seconds_of(*budget, "time", b.seconds, {0.1, 600}, problems);
    b.bytes = bytes_of(*budget, "bytes", b.bytes, {64 * 1024, 4096 * kMiB}, problems);
    b.bytes_per_mirror =
        bytes_of(*budget, "bytes_per_mirror", b.bytes_per_mirror, {64 * 1024, 1024 * kMiB}, problems);
    b.requests_per_mirror =
        integer_of(*budget, "requests_per_mirror", b.requests_per_mirror, {2, 100}, problems);
    b.requests_per_operator_per_minute = integer_of(*budget, "requests_per_operator_per_minute",
                                                    b.requests_per_operator_per_minute, {2, 1000}, problems);
}

void build_head(const Node& tree, Built& built, Problems& problems) {
    built.profile.name = tree.value("name");
    if (const Node* name = tree.find("name"); name != nullptr && !is_name(name->text))
        problems.add(name->where(), cat("name: expected lower-case letters, digits, '.', '_' and '-', found ",
                                        describe(*name)));
    built.profile.as_of = date_of(tree, "as_of", problems);
    built.as_of_place = tree.find("as_of") != nullptr ? tree.find("as_of")->where() : tree.where();
    built.description = printable_line(tree.value("description"), 300);
    built.example = flag_of(tree, "example", false);
    if (built.example) built.example_place = tree.find("example")->where();
}

}  // namespace

Built build_profile(const Node& tree, Problems& problems) {
    Built built;
    build_head(tree, built, problems);
    if (const Node* upstreams = tree.find("upstreams"))
        for (const auto& node : upstreams->items) build_upstream(node, built, problems);
    if (const Node* proxy = tree.find("proxy")) build_proxy(*proxy, built.profile.proxy, problems);
    if (const Node* policy = tree.find("policy")) build_policy(*policy, built.profile.policy, problems);
    return built;
}

}  // namespace mirrorctl::profile
