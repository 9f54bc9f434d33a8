// What of a stranger's file comes out of a diff: harmless values of known keys, and nothing else.
#include "cli/masking.hpp"

#include "base/strings.hpp"
#include "cli/shown_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace mirrorctl::cli::masking_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kDaemon = "/etc/docker/daemon.json";
constexpr const char* kHosts = "/etc/containerd/certs.d/x/hosts.toml";
constexpr const char* kConfig = "/etc/containerd/config.toml";
constexpr const char* kUnit = "/etc/systemd/system/docker.service.d/http-proxy.conf";

struct Case {
    const char* path;
    const char* text;
    const char* shown;
};

std::string shown(const Case& c) {
    return shown_text(TargetPath(c.path), c.text);
}

TEST(ShownText, ShowsKnownValuesOnly) {
    const Case cases[] = {
        {kDaemon, R"({"debug": true, "mine": 1})", R"({"debug": true, "mine": ***})"},
        {kDaemon, R"({"registry-mirrors": ["https://m"], "labels": ["pin=1"]})",
         R"({"registry-mirrors": ["https://m"], "labels": [***]})"},
        {kDaemon, R"({"log-opts": {"max-size": "10m", "splunk-token": "s", "x": {"max-size": "s"}}})",
         R"({"log-opts": {"max-size": "10m", "splunk-token": ***, "x": {"max-size": ***}}})"},
        {kDaemon, R"({"proxies": {"http-proxy": "u:p@h"}, "x": {"debug": "s"}, "mtu": 9})",
         R"({"proxies": {"http-proxy": ***}, "x": {"debug": ***}, "mtu": 9})"},
        {kDaemon, "{\"auths\": {\n\"h\": \"a\\\"b\"}}", "{\"auths\": {\n\"h\": ***}}"},
        {kDaemon, "{broken: secret", "***"},
        {kHosts, "server = \"https://s\"\n# pw", "server = \"https://s\"\n# ***"},
        {kHosts, "[host.\"https://h\"] # pw\n  capabilities = [\n    \"pull\"\n  ]\n  x = \"s\"",
         "[host.\"https://h\"] # ***\n  capabilities = [\n    \"pull\"\n  ]\n  x = ***"},
        {kHosts, "[host.\"https://h\".header]\n  server = \"s\"\n  k = [\n \"s\"\n ]",
         "[host.\"https://h\".header]\n  server = ***\n  k = ***\n ***\n ***"},
        {kHosts, "ca = [ # pw\n\"/a\"]", "ca = ***\n***"},
        {kConfig, "version = 2\nmine = \"\"\"\ns\n\"\"\"\n", "version = 2\nmine = ***\n***\n***\n"},
        {kConfig, "[plugins.x.registry]\nconfig_path = \"/a:/b\" # pw",
         "[plugins.x.registry]\nconfig_path = \"/a:/b\" # ***"},
        {kConfig, "[plugins.x.headers]\npath = \"s\"", "[plugins.x.headers]\npath = ***"},
        {kConfig, "[[a]]\npath = \"s\"", "[[a]]\npath = ***"},
        {kConfig, "= broken", "***"},
        {kUnit, "# Managed by mirrorctl: x\n# y\n# pw\n[Service]\nEnvironment=\"HTTP_PROXY=http://p\"",
         "# Managed by mirrorctl: x\n# y\n# ***\n[Service]\nEnvironment=\"HTTP_PROXY=http://p\""},
        {kUnit, "[Service]\nEnvironment=TOKEN=s\nExecStart=/x --key s\\\n  more\n",
         "[Service]\nEnvironment=***\nExecStart=***\n  ***\n"},
        {kUnit, "[Service]\nEnvironment=HTTP_PROXY=p TOKEN=s\nEnvironmentFile=-/etc/x",
         "[Service]\nEnvironment=***\nEnvironmentFile=-/etc/x"},
        {"/etc/x.env", "HTTP_PROXY=p\nTOKEN=s\n", "HTTP_PROXY=p\nTOKEN=***\n"},
        {"/etc/x.sh", "export https_proxy='p'\nexport KEY=s\ncurl -u me:s x\n",
         "export https_proxy='p'\nexport KEY=***\n***\n"},
        {"/etc/x", "anything", "***"},
    };
    for (const auto& c : cases) EXPECT_EQ(shown(c), c.shown) << c.path << "\n" << c.text;
}

TEST(ShownText, KeepsTheLines) {
    for (const auto* path : {kDaemon, kHosts, kConfig, kUnit, "/x.env", "/x.sh", "/x"})
        for (const auto* text : {"", "\n", "{\n}\n", "a = 1\n\n#\n", "[x]\nA=1\r\nB=2", "\"\n"}) {
            auto out = shown_text(TargetPath(path), text);
            std::string_view in = text;
            EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), std::count(in.begin(), in.end(), '\n'))
                << path << "\n"
                << text;
        }
}

TEST(MaskedDiff, ShowsWhatChangesAndThatTheRestIsThere) {
    auto diff = masked_diff(TargetPath(kDaemon), "{\n \"mine\": \"s3cret\",\n \"debug\": true\n}\n",
                            "{\n \"mine\": \"s3cret\",\n \"debug\": false\n}\n");
    EXPECT_THAT(diff, HasSubstr("\n  \"mine\": ***,\n"));
    EXPECT_THAT(diff, HasSubstr("\n- \"debug\": true\n+ \"debug\": false\n"));
    EXPECT_THAT(diff, Not(HasSubstr("s3cret")));
}

// A hunk far behind the first line, and one that changes the number of lines before it.
TEST(MaskedDiff, KnowsItsPlaceInTheFile) {
    std::string before = "{\n \"mtu\": 1,\n";
    for (int i = 0; i < 30; ++i) before += cat(" \"k", i, "\": \"s3cret", i, "\",\n");
    auto after = replace_all(before, " \"mtu\": 1,\n", " \"mtu\": 1,\n \"bip\": \"x\",\n");
    before += " \"ip\": \"a\"\n}";
    after += " \"ip\": \"b\"\n}";
    auto diff = masked_diff(TargetPath(kDaemon), before, after);
    EXPECT_THAT(diff, HasSubstr("\n  \"k29\": ***"));
    EXPECT_THAT(diff, HasSubstr("\n- \"ip\": \"a\"\n+ \"ip\": \"b\"\n"));
    EXPECT_THAT(diff, HasSubstr("\n+ \"bip\": \"x\",\n"));
    EXPECT_THAT(diff, Not(HasSubstr("s3cret")));
}

TEST(MaskedDiff, ASecretThatChangesIsAMaskedChange) {
    auto diff = masked_diff(TargetPath(kDaemon), "{\"x\": \"one\"}", "{\"x\": \"two\"}");
    EXPECT_THAT(diff, HasSubstr("-{\"x\": ***}"));
    EXPECT_THAT(diff, HasSubstr("+{\"x\": ***}"));
}

TEST(MaskedDiff, OnceMoreForWhatNobodyExpects) {
    const Case cases[] = {
        {kDaemon, R"({"registry-mirrors": ["https:\/\/u:p@h"]})",
         R"(+{"registry-mirrors": ["https:\/\/***@h"]})"},
        {kUnit, "[Service]\nEnvironment=HTTP_PROXY=u:p@h:1", "+Environment=HTTP_PROXY=***@h:1"},
        {kUnit, "[Service]\nEnvironment=HTTP_PROXY=http://u:p@h:1", "+Environment=HTTP_PROXY=http://***@h:1"},
        {kHosts, "[host.\"https://u:p@h\"]", "+[host.\"https://***@h\"]"},
    };
    for (const auto& c : cases)
        EXPECT_THAT(masked_diff(TargetPath(c.path), std::nullopt, c.text), HasSubstr(c.shown));
}

}  // namespace
}  // namespace mirrorctl::cli::masking_test
