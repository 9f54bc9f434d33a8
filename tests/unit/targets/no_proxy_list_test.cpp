#include "targets/no_proxy_list.hpp"

#include "base/strings.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace mirrorctl::targets::no_proxy_list_test {
namespace {

std::string canonical(const std::string& list) {
    auto result = canonical_no_proxy(std::string_view(list));
    return result ? *result : "refused: " + result.error().message + " | " + result.error().hint;
}

const std::string kLocal = "localhost,127.0.0.1,::1";

TEST(NoProxy, CanonicalForms) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"foo.com", ",foo.com,.foo.com"},
        {".foo.com", ",foo.com,.foo.com"},
        {"*.foo.com", ",foo.com,.foo.com"},
        {"Foo.COM , foo.com", ",foo.com,.foo.com"},
        {"a.io b.io", ",a.io,.a.io,b.io,.b.io"},
        {"registry", ",registry"},
        {".svc", ",svc,.svc"},
        {"10.0.0.0/8,fd00::/8", ",10.0.0.0/8,fd00::/8"},
        {"192.168.1.1", ",192.168.1.1"},
        {"[fe80::1]", ",fe80::1"},
        {"127.0.0.1,::1,localhost", ""},
        {"harbor.corp:8443", ",harbor.corp:8443"},
        {"foo.com.", ",foo.com,.foo.com"},
    };
    for (const auto& [given, tail] : cases) EXPECT_EQ(canonical(given), kLocal + tail) << given;
    EXPECT_EQ(canonical("foo.com,*"), "*");
}

TEST(NoProxy, RefusesWhatOneOfBothDoesNotRead) {
    const std::pair<const char*, const char*> cases[] = {
        {"172.17.*", "write 172.17.0.0/16"}, {"10.*", "write 10.0.0.0/8"},
        {"172.17.", "write 172.17.0.0/16"},  {"192.168.*.*", "write 192.168.0.0/16"},
        {"foo*.com", "write the domain"},    {"http://foo.com", "the host alone"},
        {"10.0.0.0/33", "10.0.0.0/8"},       {"foo/8", "10.0.0.0/8"},
        {"foo.com:http", "host:443"},        {"-x.com", "host, a domain"},
        {"a\"b", "host, a domain"},          {"a..b", "host, a domain"},
    };
    for (const auto& [given, hint] : cases) {
        auto text = canonical(given);
        EXPECT_TRUE(text.starts_with("refused: ")) << given << " -> " << text;
        EXPECT_NE(text.find(hint), std::string::npos) << given << " -> " << text;
    }
}

TEST(NoProxy, IsIdempotent) {
    for (const char* list : {"foo.com,*.bar.cn,.svc,10.0.0.0/8,host:99,[::1],registry", "*", "a,b.c,d.e.f"})
        EXPECT_EQ(canonical(canonical(list)), canonical(list));
}

// golang.org/x/net/http/httpproxy/proxy.go, config.init and useProxy, for names without a port.
bool go_bypasses(const std::string& list, const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    bool address = inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
                   inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
    if (host == "localhost" || host.starts_with("127.") || host == "::1") return true;
    for (const auto& raw : split(list, ',')) {
        std::string entry(trim(raw));
        if (entry.empty()) continue;
        if (entry == "*") return true;
        if (entry.find('/') != std::string::npos) continue;  // CIDR blocks: see below
        if (address) {
            if (entry == host) return true;
            continue;
        }
        if (entry.starts_with("*.")) entry = entry.substr(1);
        bool match_host = !entry.starts_with('.');
        if (match_host) entry = "." + entry;
        if (host.ends_with(entry) || (match_host && host == entry.substr(1))) return true;
    }
    return false;
}

// curl lib/noproxy.c (7.86.0 and later): a leading dot is dropped, then the tail of the name must match at a
// dot.
bool curl_bypasses(const std::string& list, const std::string& host) {
    if (list == "*") return true;
    std::array<unsigned char, 16> bytes{};
    bool address = inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
                   inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
    for (const auto& word : split(replace_all(list, " ", ","), ',')) {
        std::string entry = word;
        if (entry.starts_with('.')) entry = entry.substr(1);
        if (entry.empty() || entry.find('/') != std::string::npos) continue;
        if (host == entry || (!address && host.ends_with("." + entry))) return true;
    }
    return false;
}

TEST(NoProxy, GoAndCurlReadTheListAlike) {
    const auto list = canonical("foo.com,*.bar.cn,.svc.local,registry,192.168.1.1,fe80::1,10.0.0.0/8");
    const std::pair<const char*, bool> hosts[] = {
        {"foo.com", true},      {"a.foo.com", true},  {"xfoo.com", false},   {"bar.cn", true},
        {"m.bar.cn", true},     {"svc.local", true},  {"x.svc.local", true}, {"local", false},
        {"registry", true},     {"x.registry", true}, {"192.168.1.1", true}, {"192.168.1.2", false},
        {"fe80::1", true},      {"localhost", true},  {"127.0.0.1", true},   {"::1", true},
        {"example.org", false}, {"com", false},
    };
    for (const auto& [host, direct] : hosts) {
        EXPECT_EQ(go_bypasses(list, host), direct) << "Go: " << host;
        EXPECT_EQ(curl_bypasses(list, host), direct) << "curl: " << host;
    }
}

}  // namespace
}  // namespace mirrorctl::targets::no_proxy_list_test
