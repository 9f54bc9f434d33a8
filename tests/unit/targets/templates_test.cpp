// Everything that templates make is parsed back by the codec of the file and compared.
#include "targets/templates.hpp"

#include "targets/config_toml.hpp"
#include "targets/docker_files.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/our_files.hpp"
#include "targets/proxy_files.hpp"
#include "text/quote.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::templates_test {
namespace {

TEST(Templates, NoUnescapedTags) {
    ASSERT_GE(embedded_templates().size(), 7U);
    for (const auto& embedded : embedded_templates())
        for (const char* banned : {"{{{", "{{&", "{{=", "{{>", "{{!"})
            EXPECT_EQ(embedded.text.find(banned), std::string_view::npos)
                << embedded.name << " has " << banned;
}

TEST(Templates, HaveNoTrailingBlanks) {
    for (const auto& embedded : embedded_templates()) {
        EXPECT_EQ(embedded.text.find(" \n"), std::string_view::npos) << embedded.name;
        EXPECT_EQ(embedded.text.find('\r'), std::string_view::npos) << embedded.name;
    }
}

const std::string kNasty = "http://u:a\"b\\c'd$e`f%41#;@h/登录 x";

void expect_faithful(const Codec& codec, const Result<std::string>& text, const Values& values) {
    ASSERT_TRUE(text) << to_string(text.error());
    auto read = codec.read(*text);
    ASSERT_TRUE(read) << codec.name << ": " << to_string(read.error()) << "\n" << *text;
    EXPECT_EQ(*read, values) << *text;
    EXPECT_EQ(text->find("\n\n\n"), std::string::npos) << *text;
    EXPECT_TRUE(text->ends_with('\n') && !text->ends_with("\n\n")) << *text;
    auto bare = edit_text(codec, *text, {});
    ASSERT_TRUE(bare) << codec.name << ": " << to_string(bare.error());
    EXPECT_TRUE(codec.read(*bare)->empty());
}

TEST(Templates, RenderedTextSaysWhatItShould) {
    Values mirrors{{kRegistryMirrors, {"https://a", kNasty}}};
    expect_faithful(daemon_json_codec(), render_daemon_json(mirrors), mirrors);
    for (int mask = 1; mask < 16; ++mask) {
        Values proxies;
        int bit = 0;
        for (const char* key : {"httpProxy", "httpsProxy", "allProxy", "noProxy"})
            if ((mask >> bit++ & 1) != 0) proxies[key] = {kNasty};
        expect_faithful(docker_config_codec(), render_docker_config(proxies), proxies);
    }
    Values hosts{{kHosts, {"https://a", "http://b\"x"}},
                 {kServer, {"https://s"}},
                 {"server capabilities", {"pull"}},
                 {"server override_path", {"true"}},
                 {"server ca", {"/s.pem"}},
                 {"https://a capabilities", {"pull", "resolve"}},
                 {"https://a ca", {"/a.pem"}},
                 {"https://a dial_timeout", {"2s"}},
                 {"http://b\"x capabilities", {"pull"}},
                 {"http://b\"x override_path", {"true"}}};
    expect_faithful(hosts_toml_codec(), render_hosts_toml(hosts), hosts);
    for (const auto& v :
         {std::optional<Version>(), std::optional(version("1.7.1")), std::optional(version("2.3.0"))}) {
        Values path{{kConfigPath, {"/etc/containerd/certs.d"}}};
        expect_faithful(config_toml_codec(), render_config_toml(path, v), path);
    }
    Values variables{
        {"HTTP_PROXY", {kNasty}}, {"http_proxy", {kNasty}}, {"https_proxy", {"x"}}, {"NO_PROXY", {"a,b"}}};
    expect_faithful(proxy_env_codec(), render_proxy_env(variables), variables);
    expect_faithful(shell_profile_codec(), render_shell_profile(variables), variables);
    variables[kEnvironmentFile] = {cat("-", kContainerdProxyEnv)};
    expect_faithful(drop_in_codec(), render_drop_in(variables), variables);
}

// F33: every %XX comes back unharmed, from all four grammars.
TEST(Templates, AllPercentEscapesRoundTrip) {
    for (int byte = 0; byte < 256; ++byte) {
        constexpr const char* kUpper = "0123456789ABCDEF";
        constexpr const char* kLower = "0123456789abcdef";
        for (const char* digits : {kUpper, kLower}) {
            std::string escape{'%', digits[byte >> 4], digits[byte & 15]};
            Values values{{"HTTPS_PROXY", {cat("http://u:p", escape, "@h:1")}}, {"https_proxy", {escape}}};
            expect_faithful(drop_in_codec(), render_drop_in(values), values);
            expect_faithful(proxy_env_codec(), render_proxy_env(values), values);
            expect_faithful(shell_profile_codec(), render_shell_profile(values), values);
            EXPECT_NE(render_drop_in(values)->find("%" + escape), std::string::npos)
                << "a unit needs %% for every %";
        }
    }
}

// The opposite error: escaping what needs none.
TEST(Templates, CommasBlanksAndDollarsStayPlainInUnits) {
    Values values{{"NO_PROXY", {"a,b;c#d$e"}}};
    EXPECT_NE(render_drop_in(values)->find("Environment=\"NO_PROXY=a,b;c#d$e\"\n"), std::string::npos)
        << *render_drop_in(values);
}

TEST(Templates, PristineMeansThatNobodyAddedAnything) {
    Values values{{kHosts, {"https://a"}}, {kServer, {"https://s"}}, {"https://a capabilities", {"pull"}}};
    auto text = render_hosts_toml(values).value();
    EXPECT_TRUE(is_pristine(hosts_toml_codec(), render_hosts_toml, text));
    EXPECT_TRUE(is_pristine(hosts_toml_codec(), render_hosts_toml, text + "\n# a remark\n"));
    EXPECT_FALSE(is_pristine(hosts_toml_codec(), render_hosts_toml, text + "skip_verify = true\n"));
    EXPECT_FALSE(is_pristine(hosts_toml_codec(), render_hosts_toml, text.substr(text.find("server"))));
}

}  // namespace
}  // namespace mirrorctl::targets::test::templates_test
