#include "cli/sync_mirrors.hpp"

#include "base/strings.hpp"
#include "cli/measure.hpp"
#include "cli/proxy.hpp"
#include "net/no_proxy.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

std::function<std::string(const std::string&)> through(const bench::Route& route) {
    net::GoProxies proxies{.http = route.http, .https = route.https, .no_proxy = route.no_proxy};
    return [proxies](const std::string& host) {
        auto url = parse_url("https://" + (host == "docker.io" ? std::string("registry-1.docker.io") : host));
        return url ? net::proxy_for(*url, proxies) : std::string();
    };
}

void note_login(Node& node, const Mirror& mirror, SyncInputs& inputs) {
    if (mirror.auth.empty()) return;
    auto secret = node.read_node_secret(mirror.auth);
    auto colon = secret ? secret->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        inputs.warnings.push_back({.code = "mirror_login",
                                   .message = cat("no login for mirror ", mirror.url.masked(), ": ",
                                                  secret ? "expected user:password in " + mirror.auth
                                                         : to_string(secret.error()))});
        return;
    }
    inputs.logins.push_back(
        {.prefix = mirror.url.authority(),
         .login = {
             .user = secret->substr(0, colon), .password = secret->substr(colon + 1), .from = mirror.auth}});
}

sync::ReadHost read_host(Node& node, const Measurement& measured, SyncInputs& inputs) {
    const auto& mirror = measured.mirror;
    note_login(node, mirror, inputs);
    sync::ReadHost host{
        .mirror = mirror,
        .may_resolve = mirror.trust == Trust::resolve || (mirror.trust == Trust::verify && measured.agreed)};
    if (mirror.ca.empty()) return host;
    if (auto text = read_certificates(node, mirror.ca)) host.ca_pem = std::move(*text);
    return host;
}

// In the order of the ranking, up to the origin.
std::vector<sync::ReadHost> fastest(Node& node, const UpstreamReport& upstream, SyncInputs& inputs) {
    std::vector<sync::ReadHost> hosts;
    bool behind_origin = false;
    for (const auto& measured : upstream.ranking) {
        if (!measured.usable) continue;
        behind_origin = behind_origin || measured.is_origin;
        if (!measured.is_origin && (!behind_origin || measured.mirror.prefer))
            hosts.push_back(read_host(node, measured, inputs));
    }
    return hosts;
}

std::vector<std::string> upstreams_of(const std::vector<sync::Rule>& rules, const Profile& profile) {
    std::vector<std::string> names;
    for (const auto& rule : rules)
        if (profile.find(rule.source.registry) != nullptr &&
            std::find(names.begin(), names.end(), rule.source.registry) == names.end())
            names.push_back(rule.source.registry);
    return names;
}

}  // namespace

Result<SyncRoutes> sync_routes(Node& node, const SyncOptions& options, SyncInputs& inputs) {
    profile::LoadedProfile loaded;
    if (!options.profile.profile.empty()) {
        TRY_ASSIGN(loaded, node.load_profile(options.profile));
    }
    TRY_ASSIGN(auto proxy, desired_proxy(node, {}, loaded.profile));
    auto route = route_of(proxy, node.facts());
    SyncRoutes routes{.proxy_of = through(route)};
    auto upstreams = upstreams_of(inputs.rules, loaded.profile);
    if (upstreams.empty()) return routes;
    TRY_ASSIGN(
        auto measured,
        measure(node, {.profile = loaded.profile, .upstreams = upstreams, .current = {}, .route = route}));
    for (const auto* warnings : {&loaded.warnings, &measured.warnings})
        inputs.warnings.insert(inputs.warnings.end(), warnings->begin(), warnings->end());
    for (const auto& upstream : measured.report.upstreams) {
        if (std::find(upstreams.begin(), upstreams.end(), upstream.name) == upstreams.end()) continue;
        auto hosts = fastest(node, upstream, inputs);
        if (hosts.empty())
            inputs.warnings.push_back({.code = "no_mirror",
                                       .message = cat(upstream.name,
                                                      ": no mirror of the profile is usable and "
                                                      "faster than the origin: reading the origin"),
                                       .hint = cat("mirrorctl bench --profile ", loaded.profile.name)});
        routes.mirrors[upstream.name] = std::move(hosts);
    }
    return routes;
}

}  // namespace mirrorctl::cli
