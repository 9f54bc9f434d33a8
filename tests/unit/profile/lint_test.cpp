// The wild mistakes that lint knows.
#include "world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mirrorctl::profile::testing::lint_test {
namespace {

struct Case {
    const char* name;
    std::string upstream;
    std::string mirror;  // inside { }
    std::string code;    // "" = nothing to say about the mirror
    Level level = Level::warning;
    std::string part = "";
};

class LintMirror : public ::testing::TestWithParam<Case> {};

TEST_P(LintMirror, IsFoundAtItsUrl) {
    World world;
    const auto& given = GetParam();
    auto findings = world.lint_text(
        "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-11-01\nupstreams:\n  " + given.upstream +
        ":\n    canary: [{ image: \"a/b:1\" }]\n    mirrors:\n      - { url: \"https://other.lan\", "
        "operator: Other }\n"
        "      - { " +
        given.mirror + " }\n");
    if (given.code.empty()) {
        for (const auto& finding : findings) ADD_FAILURE() << finding.code << ": " << finding.message;
        return;
    }
    auto it = std::find_if(findings.begin(), findings.end(),
                           [&](const Finding& f) { return f.code == given.code; });
    ASSERT_NE(it, findings.end()) << (findings.empty() ? "no findings"
                                                       : findings[0].code + ": " + findings[0].message);
    EXPECT_EQ(it->level, given.level);
    EXPECT_EQ(it->location.line, 9);
    EXPECT_EQ(it->location.column, 16);
    EXPECT_NE((it->message + it->hint).find(given.part), std::string::npos)
        << it->message << " | " << it->hint;
    EXPECT_FALSE(it->hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, LintMirror,
    ::testing::Values(
        Case{"good", "docker.io", "url: \"https://docker.m.daocloud.io\", trust: resolve", ""},
        Case{"good_verify", "docker.io", "url: \"https://m.unheard-of.net\", trust: verify", ""},
        Case{"ustc", "docker.io", "url: \"https://docker.mirrors.ustc.edu.cn\"", "dead_mirror", Level::error,
             "2024-06-06"},
        Case{"never", "registry.k8s.io", "url: \"https://registry.k8s.m.daocloud.io\"", "dead_mirror",
             Level::error, "k8s.m.daocloud.io"},
        Case{"tencent", "docker.io", "url: \"https://mirror.ccs.tencentyun.com\"", "restricted_mirror",
             Level::warning, "Tencent"},
        Case{"tencent_said_so", "docker.io", "url: \"https://mirror.ccs.tencentyun.com\", limits: VPC", ""},
        Case{"aliyun_host_level", "docker.io", "url: \"https://registry.cn-hangzhou.aliyuncs.com\"",
             "not_a_mirror", Level::error, "namespace"},
        Case{"aliyun_private", "docker.io",
             "url: \"https://registry.cn-hangzhou.aliyuncs.com/v2/bob\", form: prefix", "private_namespace"},
        Case{"aliyun_official", "registry.k8s.io",
             "url: \"https://registry.aliyuncs.com/v2/google_containers\", form: flat", ""},
        Case{"plain_http", "docker.io", "url: \"http://m.unheard-of.net\", insecure: true", "plain_http"},
        Case{"wrong_upstream_host", "docker.io", "url: \"https://ghcr.m.daocloud.io\"", "wrong_upstream",
             Level::error, "ghcr.io"},
        Case{"wrong_upstream_path", "docker.io", "url: \"https://m.daocloud.io/v2/quay.io\", form: prefix",
             "wrong_upstream", Level::error, "quay.io"},
        Case{"right_upstream_path", "quay.io", "url: \"https://m.daocloud.io/v2/quay.io\", form: prefix", ""},
        Case{"prefix_as_base", "quay.io", "url: \"https://m.daocloud.io/quay.io\", form: base",
             "prefix_without_v2", Level::warning, "/v2/quay.io"},
        Case{"community_resolve", "docker.io", "url: \"https://docker.1ms.run\", trust: resolve",
             "trust_too_high", Level::warning, "trust: verify"},
        Case{"stranger_resolve", "docker.io", "url: \"https://m.unheard-of.net\", trust: resolve",
             "trust_unknown"},
        Case{"own_resolve", "docker.io", "url: \"https://harbor.corp.lan\", trust: resolve", ""},
        Case{"own_address", "docker.io", "url: \"https://192.168.1.5:5000\", trust: resolve", ""},
        Case{"placeholder", "docker.io", "url: \"https://m.example.com\"", "placeholder_host"},
        Case{"old", "docker.io", "url: \"https://m.unheard-of.net\", as_of: 2026-01-01", "stale_mirrors",
             Level::warning, "2026-01-01"}),
    [](const auto& param_info) { return param_info.param.name; });

std::vector<std::string> codes_of(const std::vector<Finding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) out.push_back(finding.code);
    return out;
}

TEST(Lint, MissingCanaryOneOperatorAndOldDate) {
    World world;
    auto findings = world.lint_text(
        "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-08-24\nupstreams:\n  docker.io:\n    mirrors:\n"
        "      - { url: \"https://m.unheard-of.net\" }\n");
    EXPECT_EQ(codes_of(findings), (std::vector<std::string>{"stale", "no_canary", "one_operator"}));
    EXPECT_EQ(findings[0].location.line, 3);
    EXPECT_EQ(findings[1].location.line, 5);
    EXPECT_EQ(findings[1].location.column, 3);
    auto fresh = world.lint_text("schema: mirrorctl.profile/1\nname: t\nas_of: 2026-08-25\n");
    EXPECT_TRUE(fresh.empty());
    EXPECT_EQ(codes_of(world.lint_text("schema: mirrorctl.profile/1\nname: t\n")),
              std::vector<std::string>{"no_date"});
}

TEST(Lint, RequiredVariablesNeedNotBeSet) {
    World world;
    auto findings = world.lint_text(
        "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-11-01\nvariables:\n  my_id: { required: true }\n"
        "upstreams:\n  docker.io:\n    canary: [{ image: \"a/b:1\" }]\n    mirrors:\n"
        "      - { url: \"https://${my_id}.mirror.aliyuncs.com\", trust: resolve }\n");
    EXPECT_EQ(codes_of(findings), std::vector<std::string>{"restricted_mirror"});
}

TEST(Lint, WhatIsExtendedIsNotLintedAgain) {
    World world;
    EXPECT_TRUE(
        world.lint_text("schema: mirrorctl.profile/1\nname: t\nas_of: 2026-11-01\nextends: [cn]\n").empty());
}

TEST(Lint, AFileThatDoesNotExistIsAnError) {
    World world;
    auto findings = lint(world.sources(), "/none.yaml", kToday);
    ASSERT_FALSE(findings);
    EXPECT_EQ(findings.error().code, ErrorCode::unknown_profile);
}

}  // namespace
}  // namespace mirrorctl::profile::testing::lint_test
