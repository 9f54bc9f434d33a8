#include "net/no_proxy.hpp"

#include "base/strings.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::net::no_proxy_test {
namespace {

// The list and the expectations of golang.org/x/net/http/httpproxy/proxy_test.go (TestUseProxy,
// TestAllNoProxy).
constexpr const char* kList =
    "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, "
    "2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64";

struct UseCase {
    const char* host;
    bool proxied;
};

const UseCase kUsesProxyCases[] = {{"localhost", false},
                                   {"127.0.0.1", false},
                                   {"127.0.0.2", false},
                                   {"[::1]", false},
                                   {"[::2]", true},
                                   {"192.168.1.1", false},
                                   {"192.168.1.2", true},
                                   {"192.168.1.3", false},
                                   {"192.168.1.4", true},
                                   {"10.0.0.2", false},
                                   {"10.0.0.4", true},
                                   {"[2001:db8::52:0:1]", false},
                                   {"[2001:db8::52:0:2]", true},
                                   {"[2001:db8::52:0:3]", false},
                                   {"[2002:db8:a::123]", false},
                                   {"[fe80::424b:c8be:1643:a1b6]", true},
                                   {"barbaz.net", true},
                                   {"www.barbaz.net", false},
                                   {"foobar.com", false},
                                   {"www.foobar.com", false},
                                   {"WWW.FooBar.com", false},
                                   {"foofoobar.com", true},
                                   {"baz.com", true},
                                   {"localhost.net", true},
                                   {"local.localhost", true},
                                   {"barbarbaz.net", true},
                                   {"wildcard.io", true},
                                   {"nested.wildcard.io", false},
                                   {"awildcard.io", true}};

TEST(UsesProxy, AsGo) {
    for (const auto& c : kUsesProxyCases) {
        SCOPED_TRACE(c.host);
        auto url = parse_url(cat("http://", c.host, ":80/"));
        ASSERT_TRUE(url) << to_string(url.error());
        EXPECT_EQ(uses_proxy(*url, kList), c.proxied);
        EXPECT_FALSE(uses_proxy(*url, "*"));
        EXPECT_FALSE(uses_proxy(*url, "other.test, * ,x"));
    }
}

TEST(NoProxy, OddEntries) {
    auto uses = [](const char* url, const char* list) { return uses_proxy(*parse_url(url), list); };
    EXPECT_TRUE(uses("http://example.com", ":1"));  // TestInvalidNoProxy
    EXPECT_TRUE(uses("http://example.com", ""));
    EXPECT_TRUE(uses("http://example.com", ",, ,"));
    EXPECT_TRUE(uses("http://1.2.3.4", ".3.4"));            // an address has no subdomains
    EXPECT_TRUE(uses("http://172.17.0.9", "172.17.*"));     // not a form that Go knows
    EXPECT_TRUE(uses("http://example.com", "10.0.0.0/8"));  // names are not resolved
    EXPECT_FALSE(uses("https://example.com", "example.com:443"));
    EXPECT_TRUE(uses("https://example.com", "example.com:80"));
    EXPECT_FALSE(uses("https://example.com:8443", "EXAMPLE.com:8443"));
    EXPECT_TRUE(uses("https://example.com", "other.com example.com"));  // a blank does not separate
}

struct ProxyCase {
    const char* http;
    const char* https;
    const char* no_proxy;
    const char* url;
    const char* want;
};

const ProxyCase kProxyForCases[] = {
    {"127.0.0.1:8080", "", "", "http://example.com", "http://127.0.0.1:8080"},
    {"cache.corp.example.com:1234", "", "", "http://example.com", "http://cache.corp.example.com:1234"},
    {"cache.corp.example.com", "", "", "http://example.com", "http://cache.corp.example.com"},
    {"localhost", "", "", "http://example.com", "http://localhost"},
    {"https://cache.corp.example.com", "", "", "http://example.com", "https://cache.corp.example.com"},
    {"socks5://127.0.0.1", "", "", "http://example.com", "socks5://127.0.0.1"},
    {"foo://host", "", "", "http://example.com", "foo://host"},
    {"http.proxy.tld", "secure.proxy.tld", "", "http://insecure.tld/", "http://http.proxy.tld"},
    {"http.proxy.tld", "secure.proxy.tld", "", "https://secure.tld/", "http://secure.proxy.tld"},
    {"http.proxy.tld", "https://secure.proxy.tld", "", "https://secure.tld/", "https://secure.proxy.tld"},
    {"http.proxy.tld", "", "", "https://secure.tld/", ""},
    {"", "", "", "http://example.com", ""},
    {"proxy", "", "example.com", "http://example.com/", ""},
    {"proxy", "", ".example.com", "http://example.com/", "http://proxy"},
    {"proxy", "", "ample.com", "http://example.com/", "http://proxy"},
    {"proxy", "", "example.com", "http://foo.example.com/", ""},
    {"http://u:p@proxy:3128", "", "", "http://example.com/", "http://u:p@proxy:3128"}};

TEST(ProxyFor, AsGo) {
    for (const auto& c : kProxyForCases) {
        SCOPED_TRACE(c.url);
        const auto& p = c;
        EXPECT_EQ(proxy_for(*parse_url(p.url), {.http = p.http, .https = p.https, .no_proxy = p.no_proxy}),
                  p.want);
    }
}

}  // namespace
}  // namespace mirrorctl::net::no_proxy_test
