#include "base/url.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::url_test {
namespace {

TEST(Url, Parses) {
    struct Case {
        std::string text, scheme, userinfo, host;
        int port;
        std::string path, query;
    };
    const std::vector<Case> cases = {
        {"https://mirror.example", "https", "", "mirror.example", 0, "", ""},
        {"HTTPS://Mirror.Example:443/", "https", "", "mirror.example", 0, "/", ""},
        {"http://m:80", "http", "", "m", 0, "", ""},
        {"http://m:443/v2/a%2Fb?ns=docker.io&x=?", "http", "", "m", 443, "/v2/a%2Fb", "ns=docker.io&x=?"},
        {"https://m?x", "https", "", "m", 0, "", "x"},
        {"http://user:p@ss:w0rd@proxy:3128", "http", "user:p@ss:w0rd", "proxy", 3128, "", ""},
        {"http://@h/", "http", "", "h", 0, "/", ""},
        {"socks5://127.0.0.1:1080", "socks5", "", "127.0.0.1", 0, "", ""},
        {"socks5h://127.0.0.1:9", "socks5h", "", "127.0.0.1", 9, "", ""},
        {"https://[2001:DB8::1]:5000/x", "https", "", "[2001:db8::1]", 5000, "/x", ""},
        {"https://[::1]", "https", "", "[::1]", 0, "", ""},
        {"https://[::ffff:10.0.0.1]:443/", "https", "", "[::ffff:10.0.0.1]", 0, "/", ""},
        {"https://a_b-c.1", "https", "", "a_b-c.1", 0, "", ""},
        {"https://h:/x", "https", "", "h", 0, "/x", ""},
    };
    for (const auto& c : cases) {
        auto url = parse_url(c.text);
        ASSERT_TRUE(url.has_value()) << c.text << ": " << url.error().message;
        EXPECT_EQ(url->scheme, c.scheme) << c.text;
        EXPECT_EQ(url->userinfo, c.userinfo) << c.text;
        EXPECT_EQ(url->host, c.host) << c.text;
        EXPECT_EQ(url->port, c.port) << c.text;
        EXPECT_EQ(url->path, c.path) << c.text;
        EXPECT_EQ(url->query, c.query) << c.text;
        EXPECT_EQ(*parse_url(url->str()), *url) << c.text;
    }
}

TEST(Url, RefusesBadOnes) {
    for (std::string text : {"",
                             "mirror.example",
                             "//m/x",
                             "ftp://m",
                             "file:///etc",
                             "https://",
                             "https:///x",
                             "https://:5000",
                             "https://m:0",
                             "https://m:65536",
                             "https://m:x",
                             "https://m:80 80",
                             "https://m/ x",
                             "https://m/\n",
                             "https://m/\x01",
                             "https://m/#f",
                             "https://m\\x",
                             "https://m,n",
                             "https://[::1",
                             "https://[]",
                             "https://[::1]x",
                             "https://[g::1]",
                             "https://[:]",
                             "https://ex\xC3\xA9.com",
                             "https://m%41",
                             "https://m:99999999999999999999",
                             "https://m/\x7F",
                             "https://a:b:c"}) {
        auto url = parse_url(text);
        ASSERT_FALSE(url.has_value()) << text << " -> " << url->str();
        EXPECT_EQ(url.error().code, ErrorCode::parse);
    }
}

TEST(Url, ErrorsHideSecrets) {
    for (std::string text :
         {"http://u:s3cret@h:0/", "ftp://u:s3cret@h", "http://u:s3cret@h x", "http://u:s3c/s3cret@h:1#x"})
        EXPECT_EQ(parse_url(text).error().message.find("s3cret"), std::string::npos)
            << parse_url(text).error().message;
}

TEST(Url, PartsForPeopleAndForBinding) {
    auto url = *parse_url("http://user:secret@Proxy.example:3128/p?q");
    EXPECT_EQ(url.masked(), "http://***@proxy.example:3128/p?q");
    EXPECT_EQ(url.authority(), "proxy.example:3128");
    EXPECT_EQ(url.origin(), "http://proxy.example:3128");
    EXPECT_EQ(url.effective_port(), 3128);
    EXPECT_EQ(parse_url("https://h")->effective_port(), 443);
    EXPECT_EQ(parse_url("http://h")->effective_port(), 80);
    EXPECT_EQ(parse_url("socks5://h")->effective_port(), 1080);
    EXPECT_EQ(*parse_url("https://h:443/x"), *parse_url("https://H/x"));
    EXPECT_EQ(without_trailing_slash(*parse_url("https://h//")), *parse_url("https://h"));
    EXPECT_EQ(without_trailing_slash(*parse_url("https://h/v2/a/")).str(), "https://h/v2/a");
    EXPECT_TRUE(same_mirror("https://h/v2/a/", "https://h/v2/a"));
    EXPECT_FALSE(same_mirror("https://h/v2/a", "https://h/v2"));
}

TEST(Url, Resolves) {
    struct Case {
        std::string location, result;  // "" = refused
    };
    const std::vector<Case> cases = {
        {"https://cdn.example/blob?sig=a%2Fb//c", "https://cdn.example/blob?sig=a%2Fb//c"},
        {"http://other", "http://other"},
        {"//cdn.example/x", "https://cdn.example/x"},
        {"/v2/", "https://m:5000/v2/"},
        {"/x?u=http://y/z", "https://m:5000/x?u=http://y/z"},
        {"/x#fragment", "https://m:5000/x"},
        {"next?n=1", "https://m:5000/a/next?n=1"},
        {"?n=2", "https://m:5000/a/b?n=2"},
        {"ftp://x/", ""},
        {"javascript:alert(1)", ""},
        {"/a b", ""},
    };
    auto base = *parse_url("https://user:pw@m:5000/a/b?q=1");
    for (const auto& c : cases) {
        auto url = resolve_url(base, c.location);
        ASSERT_EQ(url.has_value(), !c.result.empty()) << c.location;
        if (url) {
            EXPECT_EQ(url->str(), c.result);
        }
    }
    EXPECT_EQ(resolve_url(*parse_url("https://m"), "x")->str(), "https://m/x");
}

TEST(Url, MasksSecretsInAnyText) {
    struct Case {
        std::string text, masked;
    };
    const std::vector<Case> cases = {
        {"nothing here", "nothing here"},
        {"http://u:p@h/x", "http://***@h/x"},
        {"via http://u:p@h:1, then https://v:q@i", "via http://***@h:1, then https://***@i"},
        {"https://h/user@example", "https://h/user@example"},
        {"https://h:5000/a@sha256:b", "https://h:5000/a@sha256:b"},
        {"http://u:p@q@h", "http://***@h"},
        {"http://u:p/q@h", "http://***@h"},
        {"\"HTTP_PROXY=http://u:p@h\"", "\"HTTP_PROXY=http://***@h\""},
        {"http://token@h", "http://***@h"},
        {"http://u:p,q@h", "http://***@h"},
        {"http://u:p'q@h", "http://***@h"},
        {"\"http://u:p\\\"q@h\"", "\"http://***@h\""},
        {"not a URL: http://u:p q@h: a blank", "not a URL: http://***@h: a blank"},
        {"http://u:1:2/p@h", "http://***@h"},
        {"\"http:\\/\\/u:p@h\"", "\"http:\\/\\/***@h\""},
        {"not a URL: http://u:pass...", "not a URL: http://***"},
        {"http://h:3128: refused, ask admin@h", "http://h:3128: refused, ask admin@h"},
        {"http://[::1]:3128 or mail a@b", "http://[::1]:3128 or mail a@b"},
        {"://", "://"},
    };
    for (const auto& c : cases) EXPECT_EQ(mask_secrets(c.text), c.masked);
}

TEST(Url, PercentDecodes) {
    EXPECT_EQ(percent_decode("p%40ss%2fw%"), "p@ss/w%");
    EXPECT_EQ(percent_decode("%4"), "%4");
    EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
    EXPECT_EQ(percent_decode("%25%34%30"), "%40");
}

}  // namespace
}  // namespace mirrorctl::url_test
