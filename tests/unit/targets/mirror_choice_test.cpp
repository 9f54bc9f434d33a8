#include "targets/mirror_choice.hpp"

#include "targets/proxy_values.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::mirror_choice_test {
namespace {

// F5 and F19: every consumer joins a mirror's URL with the path in its own way.
TEST(MirrorChoice, SpellingPerEngine) {
    struct Case {
        const char* url;
        MirrorForm form;
        const char* engine;
        const char* docker;  // "" = refused
        const char* containerd;
        bool override_path;
    };
    const Case cases[] = {
        {"https://m.example", MirrorForm::host, "24.0.7", "https://m.example", "https://m.example", false},
        {"https://m.example/", MirrorForm::host, "20.10.24", "https://m.example", "https://m.example", false},
        {"https://cr.example/mirror", MirrorForm::base, "24.0.0", "https://cr.example/mirror",
         "https://cr.example/mirror", false},
        {"https://cr.example/mirror", MirrorForm::base, "23.0.6", "", "https://cr.example/mirror", false},
        {"https://m.example/v2/docker.io", MirrorForm::prefix, "29.0.0", "", "https://m.example/v2/docker.io",
         true},
        {"https://r.example/v2/google_containers", MirrorForm::flat, "29.0.0", "",
         "https://r.example/v2/google_containers", true},
        {"http://m.example", MirrorForm::host, "24.0.7", "", "", false},
        {"https://u:p@m.example", MirrorForm::host, "24.0.7", "", "", false},
        {"https://m.example/?x=1", MirrorForm::host, "24.0.7", "", "", false},
        {"socks5://m.example", MirrorForm::host, "24.0.7", "", "", false},
    };
    for (const auto& c : cases) {
        auto docker = spell_for_docker(mirror(c.url, c.form), version(c.engine));
        EXPECT_EQ(docker.url, c.docker) << c.url;
        EXPECT_EQ(docker.refusal.empty(), !docker.url.empty()) << c.url;
        auto containerd = spell_for_containerd(mirror(c.url, c.form), version("1.7.24"));
        EXPECT_EQ(containerd.url, c.containerd) << c.url;
        EXPECT_EQ(containerd.override_path, c.override_path) << c.url;
    }
    auto plain = mirror("http://127.0.0.1:5000");
    plain.insecure = true;
    EXPECT_EQ(spell_for_docker(plain, version("24.0.7")).url, "http://127.0.0.1:5000");
    EXPECT_NE(spell_for_docker_by_host(plain, version("26.1.5")).refusal, "");
    EXPECT_FALSE(
        spell_for_containerd(mirror("https://m/v2/x", MirrorForm::prefix), version("1.5.9")).refusal.empty());
}

TEST(MirrorChoice, TheFirstThatCanBeSaidAndWhyTheOthersNot) {
    auto hub = upstream(
        "docker.io", {chosen("https://p.example/v2/docker.io", true, MirrorForm::prefix),
                      chosen("https://pull.example", false), chosen("https://a.example"),
                      chosen("https://a.example/"), chosen("https://b.example"), chosen("https://c.example"),
                      chosen("https://late.example/v2/x", true, MirrorForm::prefix)});
    auto choice = choose_mirrors(hub, 2, spell_for_docker, version("24.0.7"), true);
    ASSERT_EQ(choice.mirrors.size(), 2U);
    EXPECT_EQ(choice.mirrors[0].url, "https://a.example");
    EXPECT_EQ(choice.mirrors[1].url, "https://b.example");
    ASSERT_EQ(choice.warnings.size(), 2U);
    std::string all = choice.warnings[0].message + choice.warnings[1].message;
    EXPECT_NE(all.find("https://p.example/v2/docker.io"), std::string::npos);
    EXPECT_NE(all.find("https://pull.example"), std::string::npos);
    EXPECT_EQ(all.find("late.example"), std::string::npos)
        << "what ranks behind the kept ones is not left out, it is not needed";
    EXPECT_EQ(choose_mirrors(hub, 3, spell_for_containerd, version("1.7.24"), false).mirrors.size(), 3U);
}

TEST(MirrorChoice, NoSecretInAWarning) {
    auto hub = upstream("docker.io", {chosen("https://user:hunter2@m.example")});
    auto choice = choose_mirrors(hub, 2, spell_for_docker, version("24.0.7"), true);
    ASSERT_EQ(choice.warnings.size(), 1U);
    EXPECT_EQ(choice.warnings[0].message.find("hunter2"), std::string::npos);
}

TEST(ProxyValues, DaemonsGetWhatGoReads) {
    auto all = proxy_variables(
        {.http = "", .https = "", .all = "socks5h://10.0.0.1:1080", .no_proxy = "corp.example"});
    ASSERT_TRUE(all);
    auto daemon = for_daemons(*all);
    EXPECT_EQ(daemon.http, "socks5://10.0.0.1:1080");
    EXPECT_EQ(daemon.https, "socks5://10.0.0.1:1080");
    EXPECT_EQ(daemon.all, "");
    EXPECT_EQ(daemon.no_proxy, "localhost,127.0.0.1,::1,corp.example,.corp.example");

    auto both = for_daemons(
        proxy_variables({.http = "", .https = "proxy:3128", .all = "socks5://s:1", .no_proxy = ""}).value());
    EXPECT_EQ(both.http, "socks5://s:1");
    EXPECT_EQ(both.https, "http://proxy:3128");
    EXPECT_FALSE(both.secret);
    EXPECT_TRUE(proxy_variables({.http = "http://u:p@h:1", .https = "", .all = "", .no_proxy = ""})->secret);
    EXPECT_TRUE(proxy_variables({.http = "", .https = "", .all = "", .no_proxy = "x.y"})->no_proxy.empty());
}

TEST(ProxyValues, BadOnesAreRefusedWithoutTheirPassword) {
    auto bad = proxy_variables({.http = "ftp://u:hunter2@h", .https = "", .all = "", .no_proxy = ""});
    ASSERT_FALSE(bad);
    EXPECT_EQ(to_string(bad.error()).find("hunter2"), std::string::npos);
    EXPECT_NE(to_string(bad.error()).find("http proxy"), std::string::npos);
    EXPECT_FALSE(proxy_variables({.http = "http://h", .https = "", .all = "", .no_proxy = "172.17.*"}));
}

TEST(ProxyValues, Loopback) {
    for (const char* url : {"http://localhost:1", "http://127.0.0.9:1", "socks5://[::1]:1"})
        EXPECT_TRUE(is_loopback(url)) << url;
    for (const char* url : {"http://10.0.0.1:1", "http://localhost.example:1", ""})
        EXPECT_FALSE(is_loopback(url)) << url;
}

}  // namespace
}  // namespace mirrorctl::targets::test::mirror_choice_test
