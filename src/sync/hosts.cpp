#include "sync/hosts.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "registry/token.hpp"

#include <algorithm>
#include <iterator>

namespace mirrorctl::sync {

namespace {

constexpr std::string_view kAgent = "mirrorctl/" MIRRORCTL_VERSION " (image copy)";

// As docker: loopback registries may speak plain http without being told so.
bool is_loopback_host(const std::string& registry) {
    auto url = parse_url("http://" + registry);
    return url && registry::may_send_to("127.0.0.1", url->host) && registry::is_special_host(url->host);
}

Url url_of(const std::string& registry, bool plain) {
    if (registry == "docker.io") return *parse_url("https://registry-1.docker.io");
    return parse_url(cat(plain ? "http://" : "https://", registry)).value_or(Url{});
}

net::Request style_of(const HostOptions& options) {
    return {.url = {},
            .proxy = options.proxy,
            .ca_pem = options.ca_pem,
            .check_certificate = !options.insecure,
            .cert_pem = options.cert_pem,
            .key_pem = options.key_pem};
}

}  // namespace

Hosts::Hosts(Loop& loop, const Logins& logins, const SyncOptions& options)
    : loop_(loop), logins_(logins), options_(options) {}

registry::Host& Hosts::host(const std::string& registry) {
    auto& slot = hosts_[registry];
    if (slot) return *slot;
    auto options = logins_.options(registry);
    registry::HostSpec spec{
        .mirror = {.url = url_of(registry, options.plain_http), .operator_name = {}},
        .upstream = registry,
        .may_fall_back_to_http = options.insecure || is_loopback_host(registry),
        .style = style_of(options),
        .user_agent = options_.user_agent.empty() ? std::string(kAgent) : options_.user_agent,
        .retries = options_.retries};
    slot = std::make_unique<registry::Host>(loop_, std::move(spec));
    return *slot;
}

registry::Host& Hosts::mirror_host(const ReadHost& mirror, const std::string& upstream) {
    auto& slot = mirrors_[cat(upstream, " ", mirror.mirror.url.str())];
    if (slot) return *slot;
    auto options = logins_.options(mirror.mirror.url.authority());
    if (!mirror.ca_pem.empty()) options.ca_pem = mirror.ca_pem;
    registry::HostSpec spec{
        .mirror = mirror.mirror,
        .upstream = upstream,
        .style = style_of(options),
        .user_agent = options_.user_agent.empty() ? std::string(kAgent) : options_.user_agent,
        .retries = 1,  // there are others
        .longest_pause = 2,
        .patience = 8};
    slot = std::make_unique<registry::Host>(loop_, std::move(spec));
    return *slot;
}

registry::Account Hosts::account(const std::string& registry, const std::string& repository) {
    auto login = logins_.login(registry, repository);
    return {.user = std::move(login.user),
            .password = std::move(login.password),
            .identity_token = std::move(login.identity_token),
            .from = std::move(login.from)};
}

registry::Repository& Hosts::repository(const Location& location) {
    auto found = repositories_.find(location);
    if (found != repositories_.end()) return found->second;
    registry::Repository made(host(location.registry), location.repository,
                              account(location.registry, location.repository));
    return repositories_.emplace(location, std::move(made)).first->second;
}

std::vector<registry::Repository> Hosts::readers(const Location& location, bool resolving) {
    std::vector<registry::Repository> out;
    auto mirrors = options_.mirrors.find(location.registry);
    if (mirrors != options_.mirrors.end())
        for (const auto& mirror : mirrors->second)
            if (auto& host = mirror_host(mirror, location.registry);
                !host.given_up() && (mirror.may_resolve || !resolving))
                out.emplace_back(host, location.repository,
                                 account(mirror.mirror.url.authority(), location.repository));
    out.push_back(repository(location));
    return out;
}

bool Hosts::exhausted() const {
    return std::any_of(hosts_.begin(), hosts_.end(),
                       [](const auto& entry) { return entry.second->exhausted(); });
}

std::vector<std::string> Hosts::take_warnings() {
    std::vector<std::string> out;
    for (auto& [name, host] : hosts_) {
        auto some = host->take_warnings();
        out.insert(out.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    return out;
}

}  // namespace mirrorctl::sync
