// What the engines get of the desired proxies.
#pragma once

#include "base/result.hpp"
#include "model/desired.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mirrorctl::targets {

// Empty = not set. `secret`: one of the URLs carries credentials.
struct ProxyVariables {
    std::string http;
    std::string https;
    std::string all;
    std::string no_proxy;  // "" if no proxy is set: it would be without meaning
    bool secret = false;
    bool empty() const { return http.empty() && https.empty() && all.empty(); }
};

// Checked and canonical: a missing scheme is http (httpproxy.Config in golang.org/x/net reads it so, curl
// too), no_proxy as in canonical_no_proxy. Errors: parse, usage; secrets masked.
Result<ProxyVariables> proxy_variables(const DesiredProxy& proxy);

// For Go daemons, which do not read ALL_PROXY (golang.org/x/net/http/httpproxy FromEnvironment): `all` stands
// in where http or https is empty, and socks5h becomes socks5, which in net/http leaves name resolution to
// the proxy as well (old releases know only that).
ProxyVariables for_daemons(ProxyVariables variables);

// Does the proxy URL point at this very host? Inside a container that is the container itself.
bool is_loopback(std::string_view proxy_url);

}  // namespace mirrorctl::targets
