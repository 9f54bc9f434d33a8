// What is shipped: every profile loads, lints without errors, and is the same embedded as in its file.
#include "profile/dead.hpp"
#include "profile/embedded.hpp"
#include "profile/show.hpp"
#include "profile/yaml.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace mirrorctl::profile::testing::shipped_test {
namespace {

const std::set<std::string> kNames = {"aws",        "cn",     "cn-aliyun", "cn-azure", "cn-huawei",
                                      "cn-tencent", "global", "ir",        "ru"};

TEST(Shipped, TheListIsComplete) {
    World world;
    auto names = profile_names(world.root);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), kNames);
    for (const auto& summary : list_profiles(world.root)) {
        EXPECT_EQ(summary.error, "") << summary.name;
        EXPECT_EQ(summary.from, "embedded");
        EXPECT_EQ(summary.as_of, "2026-11-23");
        EXPECT_FALSE(summary.description.empty()) << summary.name;
        EXPECT_GE(summary.upstreams, 1) << summary.name;
        EXPECT_GE(summary.mirrors, 1) << summary.name;
    }
}

TEST(Shipped, EachLoadsAndEveryMirrorSaysWhoAndWhen) {
    World world;
    for (const auto& name : kNames) {
        auto loaded = load_profile(world.sources(), name);
        ASSERT_TRUE(loaded) << to_string(loaded.error());
        EXPECT_EQ(loaded->profile.name, name);
        EXPECT_EQ(loaded->profile.loaded_from, "embedded");
        EXPECT_EQ(loaded->profile.sha256.size(), 64U);
        for (const auto& upstream : loaded->profile.upstreams) {
            EXPECT_FALSE(upstream.canaries.empty()) << name << " " << upstream.name;
            for (const auto& mirror : upstream.mirrors) {
                EXPECT_EQ(mirror.url.scheme, "https") << mirror.url.str();
                EXPECT_FALSE(mirror.source.empty()) << mirror.url.str();
                EXPECT_FALSE(mirror.as_of.empty()) << mirror.url.str();
            }
        }
    }
}

TEST(Shipped, EachFileLintsWithoutErrorsAndIsTheEmbeddedOne) {
    World world;
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(shipped_dir())) {
        auto name = entry.path().stem().string();
        auto text = slurp(entry.path());
        EXPECT_NE(text.find(name == "example-harbor" ? "example" : "robed live"), std::string::npos) << name;
        if (name == "dead") continue;
        world.host.put("/shipped/" + name + ".yaml", text);
        auto findings = lint(world.sources(), "/shipped/" + name + ".yaml", kToday);
        ASSERT_TRUE(findings) << to_string(findings.error());
        for (const auto& finding : *findings) {
            EXPECT_EQ(finding.level, Level::warning)
                << name << ":" << finding.location.line << ": " << finding.message;
            EXPECT_GT(finding.location.line, 0) << finding.message;
            EXPECT_TRUE(finding.code == "stale_mirrors" || name == "example-harbor" ||
                        finding.code == "one_operator")
                << name << ":" << finding.location.line << ": " << finding.code << ": " << finding.message;
        }
        if (name == "example-harbor") continue;
        ++seen;
        auto embedded = embedded_document(name);
        auto parsed = parse_yaml(text, name + ".yaml (embedded)");
        ASSERT_TRUE(embedded && parsed);
        EXPECT_EQ(pack(*embedded), pack(*parsed)) << name;
    }
    EXPECT_EQ(seen, static_cast<int>(kNames.size()));
}

TEST(Shipped, CnHasTheNineRegistriesAndTheTrustOfEachOperator) {
    World world;
    auto cn = load_profile(world.sources(), "cn");
    ASSERT_TRUE(cn) << to_string(cn.error());
    std::set<std::string> upstreams;
    for (const auto& upstream : cn->profile.upstreams) {
        upstreams.insert(upstream.name);
        std::set<std::string> operators;
        for (const auto& mirror : upstream.mirrors) {
            operators.insert(mirror.operator_name);
            if (mirror.operator_name == "1ms.run" || mirror.operator_name == "CNIX") {
                EXPECT_EQ(mirror.trust, Trust::verify);
            }
            if (mirror.operator_name == "DaoCloud") {
                EXPECT_EQ(mirror.trust, Trust::resolve);
            }
        }
        EXPECT_GE(operators.size(), 2U) << upstream.name;
    }
    EXPECT_EQ(upstreams,
              (std::set<std::string>{"docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io",
                                     "k8s.gcr.io", "mcr.microsoft.com", "nvcr.io", "docker.elastic.co"}));
    EXPECT_EQ(cn->profile.find("docker.io")->origin.str(), "https://registry-1.docker.io");
    EXPECT_TRUE(cn->warnings.empty());
    EXPECT_FALSE(cn->profile.proxy.given);
}

TEST(Shipped, TheExampleIsRefusedAsItIsAndGoodOnceAdapted) {
    World world;
    auto text = slurp(shipped_dir() / "example-harbor.yaml");
    auto loaded = world.load_text(text);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("example"), std::string::npos);
    EXPECT_EQ(load_profile(world.sources(), "example-harbor").error().code, ErrorCode::unknown_profile);
    std::set<std::string> codes;
    for (const auto& finding : world.lint_text(text)) codes.insert(finding.code);
    EXPECT_EQ(codes, (std::set<std::string>{"example", "placeholder_host"}));
    text = replace_all(replace_all(text, "example: true\n", ""), "harbor.example.com", "harbor.corp.lan");
    EXPECT_TRUE(world.lint_text(text).empty());
    loaded = world.load_text(text);
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const auto& mirror = loaded->profile.upstreams[0].mirrors[0];
    EXPECT_EQ(loaded->profile.upstreams[0].fallback, Fallback::none);
    EXPECT_EQ(mirror.auth, "/etc/mirrorctl/harbor.auth");
    EXPECT_EQ(mirror.ca, "/etc/ssl/certs/harbor-ca.pem");
    EXPECT_TRUE(mirror.prefer);
    EXPECT_EQ(api_root(mirror), "/v2/dockerhub");
}

TEST(Shipped, EmbeddedCnLoadsFast) {
    World world;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(load_profile(world.sources(), "cn"));
    std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
    std::printf("embedded cn loads in %.2f ms\n", spent.count() / 20);
}

TEST(Dead, KnownHostsAreFoundWithDateAndSource) {
    struct Case {
        const char* host;
        DeadStatus status;
    };
    for (auto [host, status] : std::initializer_list<Case>{
             {"docker.mirrors.ustc.edu.cn", DeadStatus::dead},
             {"docker.mirrors.sjtug.sjtu.edu.cn", DeadStatus::dead},
             {"docker.nju.edu.cn", DeadStatus::dead},
             {"hub-mirror.c.163.com", DeadStatus::dead},
             {"HUB-MIRROR.c.163.com:443", DeadStatus::dead},
             {"mirror.baidubce.com", DeadStatus::dead},
             {"reg-mirror.qiniu.com", DeadStatus::dead},
             {"registry.docker-cn.com", DeadStatus::dead},
             {"dockerproxy.com", DeadStatus::dead},
             {"mirror.ccs.tencentyun.com", DeadStatus::restricted},
             {"dockerhub.azk8s.cn", DeadStatus::restricted},
             {"abc123.mirror.aliyuncs.com", DeadStatus::restricted},
             {"048912060910.dkr.ecr.cn-northwest-1.amazonaws.com.cn", DeadStatus::restricted},
             {"registry.cn-hangzhou.aliyuncs.com", DeadStatus::not_a_mirror},
             {"swr.cn-north-4.myhuaweicloud.com", DeadStatus::not_a_mirror},
             {"registry.k8s.m.daocloud.io", DeadStatus::never}}) {
        auto dead = find_dead(host);
        ASSERT_TRUE(dead) << host;
        EXPECT_EQ(dead->status, status) << host;
        EXPECT_FALSE(dead->source.empty());
        EXPECT_NE(describe(*dead).find(dead->source), std::string::npos);
    }
    for (const char* host :
         {"docker.m.daocloud.io", "ghcr.nju.edu.cn", "mirror.gcr.io", "registry-1.docker.io", "aliyuncs.com",
          "x.registry.cn-hangzhou.aliyuncs.com", ""})
        EXPECT_FALSE(find_dead(host)) << host;
    EXPECT_GE(dead_mirrors().size(), 40U);
}

TEST(Packed, NoisyBytesAreRefused) {
    auto packed = pack(*embedded_document("cn"));
    for (std::size_t cut = 0; cut < packed.size(); cut += 97)
        EXPECT_FALSE(unpack(packed.substr(0, cut), "x"));
    EXPECT_FALSE(unpack(packed + "n", "x"));
    EXPECT_FALSE(unpack("m1,1,1,1,0:0:99999999,", "x"));
}

}  // namespace
}  // namespace mirrorctl::profile::testing::shipped_test
