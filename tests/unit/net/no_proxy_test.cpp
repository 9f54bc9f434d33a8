#include "net/no_proxy.hpp"

#include "base/strings.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::net {
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

class UsesProxy : public testing::TestWithParam<UseCase> {};

TEST_P(UsesProxy, AsGo) {
    auto url = parse_url(cat("http://", GetParam().host, ":80/"));
    ASSERT_TRUE(url) << to_string(url.error());
    EXPECT_EQ(uses_proxy(*url, kList), GetParam().proxied);
    EXPECT_FALSE(uses_proxy(*url, "*"));
    EXPECT_FALSE(uses_proxy(*url, "other.test, * ,x"));
}

INSTANTIATE_TEST_SUITE_P(
    Go, UsesProxy,
    testing::Values(UseCase{"localhost", false}, UseCase{"127.0.0.1", false}, UseCase{"127.0.0.2", false},
                    UseCase{"[::1]", false}, UseCase{"[::2]", true}, UseCase{"192.168.1.1", false},
                    UseCase{"192.168.1.2", true}, UseCase{"192.168.1.3", false}, UseCase{"192.168.1.4", true},
                    UseCase{"10.0.0.2", false}, UseCase{"10.0.0.4", true},
                    UseCase{"[2001:db8::52:0:1]", false}, UseCase{"[2001:db8::52:0:2]", true},
                    UseCase{"[2001:db8::52:0:3]", false}, UseCase{"[2002:db8:a::123]", false},
                    UseCase{"[fe80::424b:c8be:1643:a1b6]", true}, UseCase{"barbaz.net", true},
                    UseCase{"www.barbaz.net", false}, UseCase{"foobar.com", false},
                    UseCase{"www.foobar.com", false}, UseCase{"WWW.FooBar.com", false},
                    UseCase{"foofoobar.com", true}, UseCase{"baz.com", true}, UseCase{"localhost.net", true},
                    UseCase{"local.localhost", true}, UseCase{"barbarbaz.net", true},
                    UseCase{"wildcard.io", true}, UseCase{"nested.wildcard.io", false},
                    UseCase{"awildcard.io", true}));

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

class ProxyFor : public testing::TestWithParam<ProxyCase> {};

TEST_P(ProxyFor, AsGo) {
    const auto& p = GetParam();
    EXPECT_EQ(proxy_for(*parse_url(p.url), {.http = p.http, .https = p.https, .no_proxy = p.no_proxy}),
              p.want);
}

INSTANTIATE_TEST_SUITE_P(
    Go, ProxyFor,
    testing::Values(
        ProxyCase{"127.0.0.1:8080", "", "", "http://example.com", "http://127.0.0.1:8080"},
        ProxyCase{"cache.corp.example.com:1234", "", "", "http://example.com",
                  "http://cache.corp.example.com:1234"},
        ProxyCase{"cache.corp.example.com", "", "", "http://example.com", "http://cache.corp.example.com"},
        ProxyCase{"localhost", "", "", "http://example.com", "http://localhost"},
        ProxyCase{"https://cache.corp.example.com", "", "", "http://example.com",
                  "https://cache.corp.example.com"},
        ProxyCase{"socks5://127.0.0.1", "", "", "http://example.com", "socks5://127.0.0.1"},
        ProxyCase{"foo://host", "", "", "http://example.com", "foo://host"},
        ProxyCase{"http.proxy.tld", "secure.proxy.tld", "", "http://insecure.tld/", "http://http.proxy.tld"},
        ProxyCase{"http.proxy.tld", "secure.proxy.tld", "", "https://secure.tld/", "http://secure.proxy.tld"},
        ProxyCase{"http.proxy.tld", "https://secure.proxy.tld", "", "https://secure.tld/",
                  "https://secure.proxy.tld"},
        ProxyCase{"http.proxy.tld", "", "", "https://secure.tld/", ""},
        ProxyCase{"", "", "", "http://example.com", ""},
        ProxyCase{"proxy", "", "example.com", "http://example.com/", ""},
        ProxyCase{"proxy", "", ".example.com", "http://example.com/", "http://proxy"},
        ProxyCase{"proxy", "", "ample.com", "http://example.com/", "http://proxy"},
        ProxyCase{"proxy", "", "example.com", "http://foo.example.com/", ""},
        ProxyCase{"http://u:p@proxy:3128", "", "", "http://example.com/", "http://u:p@proxy:3128"}));

}  // namespace
}  // namespace mirrorctl::net
