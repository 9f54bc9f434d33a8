#include "targets/proxy_values.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/no_proxy_list.hpp"

namespace mirrorctl::targets {

namespace {

Result<std::string> checked_url(const std::string& value, std::string_view which, bool& secret) {
    if (value.empty()) return std::string();
    std::string text = value.find("://") == std::string::npos ? "http://" + value : value;
    auto url = parse_url(text);
    if (!url) return Failure(in_context(url.error(), cat(which, " proxy")));
    if (!url->userinfo.empty()) secret = true;
    return text;
}

std::string for_go(const std::string& url) {
    constexpr std::string_view kSocks5h = "socks5h://";
    return lower(url.substr(0, kSocks5h.size())) == kSocks5h ? "socks5://" + url.substr(kSocks5h.size())
                                                             : url;
}

}  // namespace

Result<ProxyVariables> proxy_variables(const DesiredProxy& proxy) {
    ProxyVariables variables;
    TRY_ASSIGN(variables.http, checked_url(proxy.http, "http", variables.secret));
    TRY_ASSIGN(variables.https, checked_url(proxy.https, "https", variables.secret));
    TRY_ASSIGN(variables.all, checked_url(proxy.all, "all", variables.secret));
    if (!variables.empty()) {
        TRY_ASSIGN(variables.no_proxy, canonical_no_proxy(std::string_view(proxy.no_proxy)));
    }
    return variables;
}

ProxyVariables for_daemons(ProxyVariables variables) {
    if (variables.http.empty()) variables.http = variables.all;
    if (variables.https.empty()) variables.https = variables.all;
    variables.all.clear();
    variables.http = for_go(variables.http);
    variables.https = for_go(variables.https);
    return variables;
}

bool is_loopback(std::string_view proxy_url) {
    auto url = parse_url(proxy_url);
    return url && (url->host == "localhost" || url->host.starts_with("127.") || url->host == "[::1]");
}

}  // namespace mirrorctl::targets
