#include "engines/containerd.hpp"

#include "support/fake_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::containerd_test {
namespace {

using testing::ElementsAre;

TEST(ContainerdConfig, KnowsTheTableOfEachVersion) {
    struct Case {
        const char* text;
        int version;
        const char* config_path;
    };
    const Case cases[] = {
        {"", 1, ""},
        {"[plugins.cri.registry]\nconfig_path = \"/a\"\n", 1, "/a"},
        {"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/b\"\n", 2, "/b"},
        {"version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/c:/d'\n", 3,
         "/c:/d"},
        {"version = 4\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/e'\n", 4, "/e"},
        {"version = 3\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/wrong\"\n", 3, ""},
    };
    for (const auto& c : cases) {
        auto config = parse_containerd_config(c.text);
        ASSERT_TRUE(config) << c.text;
        EXPECT_EQ(config->version, c.version) << c.text;
        EXPECT_EQ(config->config_path, c.config_path) << c.text;
    }
    EXPECT_FALSE(parse_containerd_config("version = \n"));
}

TEST(ContainerdConfig, SeesDisabledCriAndLegacyMirrors) {
    auto packaged = parse_containerd_config("disabled_plugins = [\"cri\"]\n");
    ASSERT_TRUE(packaged);
    EXPECT_TRUE(packaged->cri_disabled);
    auto legacy = parse_containerd_config(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
        "[\"https://m\"]\n");
    ASSERT_TRUE(legacy);
    EXPECT_FALSE(legacy->cri_disabled);
    EXPECT_THAT(legacy->legacy_mirrors, ElementsAre("docker.io"));
}

TEST(ContainerdDump, NamesWhatContainerdSaid) {
    support::FakeRunner runner;
    runner.on({"/usr/bin/containerd", "--config", "/etc/containerd/config.toml", "config", "dump"},
              {.exit_status = 1, .err = "containerd: failed to load TOML: (1, 2): bad\n"});
    auto dump =
        dump_containerd_config(runner, "/usr/bin/containerd", TargetPath("/etc/containerd/config.toml"));
    ASSERT_FALSE(dump);
    EXPECT_EQ(dump.error().code, ErrorCode::check_failed);
    EXPECT_NE(dump.error().message.find("failed to load TOML"), std::string::npos);
}

TEST(CriPlugins, AreReadFromCtr) {
    constexpr const char* kHead =
        "TYPE                            ID                       PLATFORMS      STATUS    \n";
    struct Case {
        const char* lines;
        CriState state;
    };
    const Case cases[] = {
        {"io.containerd.grpc.v1           cri                      linux/amd64    ok        \n",
         CriState::loaded},
        {"io.containerd.grpc.v1           cri                      -              error     \n",
         CriState::failed},
        {"io.containerd.grpc.v1           images                   -              ok        \n",
         CriState::absent},
        {"io.containerd.cri.v1            images                   -              error     \n"
         "io.containerd.cri.v1            runtime                  linux/amd64    error     \n"
         "io.containerd.grpc.v1           cri                      -              error     \n",
         CriState::failed},
        {"io.containerd.cri.v1            images                   -              ok        \n"
         "io.containerd.grpc.v1           cri                      -              ok        \n",
         CriState::loaded},
        {"io.containerd.grpc.v1           cri                      -              skip      \n",
         CriState::absent},
    };
    for (const auto& c : cases)
        EXPECT_EQ(parse_plugin_list(cat(std::string(kHead), std::string(c.lines))).state, c.state) << c.lines;
}

TEST(CriPlugins, CrictlStandsInForCtr) {
    support::FakeRunner runner;
    EXPECT_EQ(ask_cri(runner).state, CriState::unknown);
    runner.on({"crictl"}, {.out = "{}"});
    EXPECT_EQ(ask_cri(runner).state, CriState::loaded);
    runner.on({"ctr", "plugins", "ls"}, {.exit_status = 1, .err = "ctr: failed to dial"});
    EXPECT_EQ(ask_cri(runner).state, CriState::unknown);
}

}  // namespace
}  // namespace mirrorctl::engines::containerd_test
