#include "registry/challenge.hpp"

#include "registry/token.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::registry::challenge_test {
namespace {

using Headers = std::vector<std::string>;

TEST(Challenge, TableOfWhatServersSend) {
    struct Case {
        Headers headers;
        std::vector<Challenge> expected;
    };
    const std::vector<Case> cases{
        {{}, {}},
        {{""}, {}},
        {{R"(Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push")"},
         {{"bearer", {{"realm", "https://a/t"}, {"service", "s"}, {"scope", "repository:a/b:pull,push"}}}}},
        {{R"(bEaReR ReAlM="https://a/t" , SERVICE=s)"},
         {{"bearer", {{"realm", "https://a/t"}, {"service", "s"}}}}},
        {{R"(Basic realm="harbor", Bearer realm="https://a/t",service="x, y")"},
         {{"basic", {{"realm", "harbor"}}}, {"bearer", {{"realm", "https://a/t"}, {"service", "x, y"}}}}},
        {{R"(Basic realm="a \"quoted\" one")", R"(Bearer realm="https://b/t")"},
         {{"basic", {{"realm", "a \"quoted\" one"}}}, {"bearer", {{"realm", "https://b/t"}}}}},
        {{"Negotiate, NTLM"}, {{"negotiate", {}}, {"ntlm", {}}}},
        {{R"(Bearer realm="https://a/t",realm="https://evil/t")"}, {{"bearer", {{"realm", "https://a/t"}}}}},
        {{R"(realm="orphan")"}, {}},
        {{R"(Bearer realm="unfinished)"}, {{"bearer", {{"realm", "unfinished"}}}}},
        {{"\x01\x02,,,=="}, {}},
    };
    for (const auto& c : cases)
        EXPECT_EQ(parse_challenges(c.headers), c.expected) << (c.headers.empty() ? "" : c.headers[0]);
}

TEST(Challenge, IsBounded) {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "X" + std::to_string(i) + ", ";
    EXPECT_LE(parse_challenges({many}).size(), 16U);
    std::string wide = "Bearer ";
    for (int i = 0; i < 1000; ++i) wide += "p" + std::to_string(i) + "=v, ";
    EXPECT_LE(parse_challenges({wide}).front().parameters.size(), 16U);
}

Result<Demand> demand(const std::string& header, const std::string& registry, bool credentials = false) {
    return read_demand(header.empty() ? Headers{} : Headers{header}, *parse_url(registry),
                       "repository:library/busybox:pull", credentials);
}

TEST(Demand, AsksTheNamedRealmWithServiceAndBothScopes) {
    auto got = demand(
        R"(Bearer realm="https://auth.a/token?x=1",service="registry a",scope="repository:p/library/busybox:pull")",
        "https://a");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->token_url.str(),
              "https://auth.a/token?x=1&service=registry%20a&scope=repository:p/library/"
              "busybox:pull&scope=repository:library/busybox:pull");
}

TEST(Demand, DoesNotRepeatTheSameScope) {
    auto got =
        demand(R"(Bearer realm="https://auth.a/token",scope="repository:library/busybox:pull")", "https://a");
    EXPECT_EQ(got->token_url.str(), "https://auth.a/token?scope=repository:library/busybox:pull");
}

TEST(Demand, RealmRules) {
    struct Case {
        std::string registry;
        std::string realm;
        bool usable;
    };
    const std::vector<Case> cases{
        {"https://a.example", "https://b.example/t", true},
        {"https://a.example", "http://b.example/t", false},
        {"http://a.example", "http://b.example/t", true},
        {"https://a.example", "https://u:p@b.example/t", false},
        {"https://a.example", "https://127.0.0.1/t", false},
        {"https://a.example", "https://localhost/t", false},
        {"https://a.example", "https://169.254.169.254/", false},
        {"https://a.example", "https://[::1]/t", false},
        {"https://a.example", "https://[fe80::1]/t", false},
        {"https://a.example", "https://0.0.0.0/t", false},
        {"https://a.example", "https://[::ffff:127.0.0.1]/t", false},
        {"https://a.example", "https://2130706433/t", false},
        {"https://a.example", "https://127.1/t", false},
        {"https://a.example", "https://10.1.2.3/t", true},
        {"https://a.example", "https://192.168.1.1/t", true},
        {"http://127.0.0.1:5000", "http://127.0.0.1:5001/t", true},
        {"http://127.0.0.1:5000", "http://169.254.169.254/t", false},
        {"http://localhost:5000", "http://[::1]:5001/t", true},
        {"http://169.254.1.1", "http://169.254.1.1:81/t", true},
        {"https://a.example", "ftp://b/t", false},
        {"https://a.example", "socks5://b/t", false},
        {"https://a.example", "", false},
        {"https://a.example", "/relative", false},
    };
    for (const auto& c : cases)
        EXPECT_EQ(demand("Bearer realm=\"" + c.realm + "\"", c.registry).has_value(), c.usable)
            << c.registry << " " << c.realm;
}

TEST(Demand, BasicOnlyWithCredentials) {
    EXPECT_FALSE(demand("Basic realm=\"x\"", "https://a"));
    auto got = demand("Basic realm=\"x\"", "https://a", true);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->kind, Demand::Kind::basic);
    EXPECT_FALSE(demand("", "https://a", true))
        << "a 401 without a challenge (Harbor's missing project) is final";
}

TEST(Token, RequestCarriesCredentialsOnlyHome) {
    auto registry = *parse_url("https://harbor.example:8443");
    auto has_auth = [](const net::Request& r) {
        return std::any_of(r.headers.begin(), r.headers.end(),
                           [](const auto& h) { return h.first == "Authorization"; });
    };
    EXPECT_TRUE(
        has_auth(token_request(*parse_url("https://harbor.example:8443/service/token"), registry, "u:p")));
    EXPECT_FALSE(has_auth(token_request(*parse_url("https://harbor.example/service/token"), registry, "u:p")))
        << "another port";
    EXPECT_FALSE(has_auth(token_request(*parse_url("https://other.example:8443/token"), registry, "u:p")));
    EXPECT_FALSE(has_auth(token_request(*parse_url("https://harbor.example:8443/token"), registry, "")));
    EXPECT_FALSE(token_request(*parse_url("https://b.example/t"), registry, "").allow_special_addresses);
}

TEST(Token, Answers) {
    EXPECT_EQ(*parse_token(R"({"token":"abc"})"), "abc");
    EXPECT_EQ(*parse_token(R"({"access_token":"abc","expires_in":60})"), "abc");
    for (const char* bad : {"", "abc", "[]", "{}", R"({"token":""})", R"({"token":7})", R"({"token":"a\nb"})",
                            R"({"token":"a b"})", "{\"token\":\"abc\""})
        EXPECT_FALSE(parse_token(bad)) << bad;
    EXPECT_FALSE(parse_token(std::string(100000, '[')));
    EXPECT_FALSE(parse_token("{\"token\":\"" + std::string(20000, 'x') + "\"}"));
}

}  // namespace
}  // namespace mirrorctl::registry::challenge_test
