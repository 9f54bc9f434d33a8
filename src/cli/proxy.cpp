#include "cli/proxy.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/no_proxy_list.hpp"

namespace mirrorctl::cli {

namespace {

// One setting: the option, else the environment, else the profile. nullopt: none of them says anything.
std::optional<std::string> first_given(Node& node, const std::optional<std::string>& option,
                                       const char* variable, const std::optional<std::string>& from_profile) {
    if (option) return option;
    if (auto value = node.world().env(variable)) return value;
    return from_profile;
}

Result<std::string> read_value(Node& node, const std::string& value) {
    if (value.starts_with('@')) return node.read_secret_file(value.substr(1));
    if (value.starts_with("file:")) {
        auto path = value.substr(5);
        while (path.starts_with("//")) path.erase(0, 1);
        return node.read_node_secret(path);
    }
    return value;
}

Result<std::string> proxy_url(Node& node, const std::string& value, std::string_view option) {
    TRY_ASSIGN(auto text, read_value(node, value));
    if (text.empty()) return text;
    if (text.find("://") == std::string::npos) text = "http://" + text;
    auto url = parse_url(text);
    if (!url)
        return Failure(
            Error{.code = ErrorCode::usage,
                  .message = cat("bad value for ", option, ": ", url.error().message),
                  .hint = "write it as http://user:password@host:port, with %40 for an @ in the password"});
    return text;
}

std::optional<std::string> from_profile(const Profile& profile, const std::string& value) {
    return profile.proxy.given ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<std::optional<DesiredProxy>> desired_proxy(Node& node, const ProxyOptions& options,
                                                  const Profile& profile) {
    auto http =
        first_given(node, options.http, "MIRRORCTL_HTTP_PROXY", from_profile(profile, profile.proxy.http));
    auto https =
        first_given(node, options.https, "MIRRORCTL_HTTPS_PROXY", from_profile(profile, profile.proxy.https));
    auto all =
        first_given(node, options.all, "MIRRORCTL_ALL_PROXY", from_profile(profile, profile.proxy.all));
    auto none = first_given(node, options.no_proxy, "MIRRORCTL_NO_PROXY",
                            from_profile(profile, join(profile.proxy.no_proxy, ",")));
    if (!http && !https && !all && !none) return std::nullopt;
    DesiredProxy desired;
    TRY_ASSIGN(desired.http, proxy_url(node, http.value_or(""), "--http-proxy"));
    TRY_ASSIGN(desired.https, proxy_url(node, https.value_or(""), "--https-proxy"));
    TRY_ASSIGN(desired.all, proxy_url(node, all.value_or(""), "--all-proxy"));
    if (desired.http.empty() && desired.https.empty() && desired.all.empty()) return desired;
    std::vector<std::string> entries = split(none.value_or(""), ',');
    for (const auto& upstream : profile.upstreams)
        for (const auto& mirror : upstream.mirrors) entries.push_back(mirror.url.host);
    TRY_ASSIGN(auto canonical, targets::canonical_no_proxy(entries));
    desired.no_proxy = join(canonical, ",");
    return desired;
}

namespace {

std::string value_of(const UnitFacts& unit, const char* name) {
    auto it = unit.proxy_environment.find(name);
    return it == unit.proxy_environment.end() ? "" : it->second;
}

}  // namespace

bench::Route route_of(const std::optional<DesiredProxy>& proxy, const NodeFacts& node) {
    if (proxy)
        return {.http = proxy->http.empty() ? proxy->all : proxy->http,
                .https = proxy->https.empty() ? proxy->all : proxy->https,
                .no_proxy = proxy->no_proxy};
    const auto& unit = node.docker.installed ? node.docker.unit : node.containerd.unit;
    return {.http = value_of(unit, "HTTP_PROXY"),
            .https = value_of(unit, "HTTPS_PROXY"),
            .no_proxy = value_of(unit, "NO_PROXY")};
}

}  // namespace mirrorctl::cli
