// Which proxy a Go program (dockerd, containerd, buildkit) uses for a URL, by the rules of
// golang.org/x/net/http/httpproxy (proxy.go):
//   NO_PROXY is split at commas; "foo.com" means the host and its subdomains, ".foo.com" and "*.foo.com" the
//   subdomains only, "*" all; an IP address or a CIDR block is compared with literal addresses only, never
//   with what a name resolves to; "host:port" holds for that port; case does not matter; "localhost" and
//   loopback addresses are always reached directly. HTTPS_PROXY is for https, HTTP_PROXY for http; ALL_PROXY
//   is not read.
#pragma once

#include "base/url.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::net {

struct GoProxies {
    std::string http = {};
    std::string https = {};
    std::string no_proxy = {};
};

// The proxy URL (credentials included), "" for a direct connection. A proxy without a scheme is an http
// proxy. A proxy that Go could not use is given back as it stands, so that the attempt fails here as it would
// there.
std::string proxy_for(const Url& url, const GoProxies& proxies);

// Go's useProxy: false if NO_PROXY or loopback says "directly".
bool uses_proxy(const Url& url, std::string_view no_proxy);

}  // namespace mirrorctl::net
