#include "net/no_proxy.hpp"

#include "base/strings.hpp"
#include "net/address.hpp"

#include <optional>

namespace mirrorctl::net {

namespace {

struct HostPort {
    std::string host;
    std::string port;  // "" if none was given
};

// As net.SplitHostPort: nullopt where Go reports an error (no port, too many colons, unbalanced brackets).
std::optional<HostPort> split_host_port(std::string_view text) {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    if (text.starts_with('[')) {
        auto close = text.find(']');
        if (close == std::string_view::npos || close + 1 != colon) return std::nullopt;
        host = text.substr(1, close - 1);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    if (host.find_first_of("[]") != std::string_view::npos) return std::nullopt;
    return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

struct Wanted {
    std::string host;  // lower case, without brackets
    std::string port;
    std::optional<Address> address;
};

bool matches_domain(const HostPort& entry, const Wanted& wanted) {
    if (wanted.address) return false;  // since x/net 0.36 (CVE-2025-22870); an address has no subdomains
    std::string host = entry.host.starts_with("*.") ? entry.host.substr(1) : entry.host;
    bool whole = host.starts_with('.') ? false : wanted.host == host;
    if (!host.starts_with('.')) host.insert(0, 1, '.');
    return (whole || wanted.host.ends_with(host)) && (entry.port.empty() || entry.port == wanted.port);
}

bool matches(std::string_view text, const Wanted& wanted) {
    if (text == "*") return true;
    if (auto block = parse_block(text)) return wanted.address && block->contains(*wanted.address);
    auto entry = split_host_port(text).value_or(HostPort{std::string(text), ""});
    if (entry.host.empty()) return false;
    bool bracketed = entry.host.starts_with('[');  // Go's ParseIP takes no brackets
    if (auto address = parse_address(entry.host); address && !bracketed)
        return wanted.address == address && (entry.port.empty() || entry.port == wanted.port);
    return matches_domain(entry, wanted);
}

}  // namespace

bool uses_proxy(const Url& url, std::string_view no_proxy) {
    Wanted wanted{lower(url.host), std::to_string(url.effective_port()), parse_address(url.host)};
    if (wanted.host.starts_with('[')) wanted.host = wanted.host.substr(1, wanted.host.size() - 2);
    if (wanted.host == "localhost" || (wanted.address && is_loopback(*wanted.address))) return false;
    for (const auto& part : split(no_proxy, ',')) {
        auto entry = lower(trim(part));
        if (!entry.empty() && matches(entry, wanted)) return false;
    }
    return true;
}

std::string proxy_for(const Url& url, const GoProxies& proxies) {
    std::string proxy = url.scheme == "https" ? proxies.https : url.scheme == "http" ? proxies.http : "";
    if (proxy.empty() || !uses_proxy(url, proxies.no_proxy)) return "";
    if (proxy.find("://") == std::string::npos) proxy.insert(0, "http://");
    return proxy;
}

}  // namespace mirrorctl::net
