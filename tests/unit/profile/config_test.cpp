// /etc/mirrorctl/config.yaml.
#include "profile/config.hpp"

#include "support/mem_fs.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::profile::testing::config_test {
namespace {

Result<NodeConfig> load(const std::string& text) {
    support::MemFs root;
    root.put(kConfigPath, text);
    return load_config(root);
}

TEST(Config, AbsentEmptyAndCommentsOnlyGiveTheDefaults) {
    support::MemFs root;
    auto none = load_config(root);
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->present);
    for (const char* text : {"", "\n", "# profile: cn\n\n  # more\n"}) {
        auto config = load(text);
        ASSERT_TRUE(config) << to_string(config.error());
        EXPECT_TRUE(config->present);
        EXPECT_EQ(config->profile, "");
        EXPECT_EQ(config->restart, Restart::if_safe);
        EXPECT_TRUE(config->spread);
    }
}

TEST(Config, AllKeys) {
    auto config = load(
        "profile: cn-aliyun\nvars: { aliyun_id: abc, aliyun_region: cn-hangzhou }\n"
        "targets: [docker-daemon, containerd-hosts]\nrestart: never\nsite: rack-7\nspread: false\n");
    ASSERT_TRUE(config) << to_string(config.error());
    EXPECT_EQ(config->profile, "cn-aliyun");
    EXPECT_EQ(config->vars.at("aliyun_region"), "cn-hangzhou");
    EXPECT_EQ(config->targets, (std::vector<std::string>{"docker-daemon", "containerd-hosts"}));
    EXPECT_EQ(config->restart, Restart::never);
    EXPECT_EQ(name_of(config->restart), "never");
    EXPECT_EQ(config->site, "rack-7");
    EXPECT_FALSE(config->spread);
}

TEST(Config, MistakesHaveTheirPlace) {
    struct Case {
        const char* text;
        int line, column;
        const char* part;
    };
    for (const auto& given : std::initializer_list<Case>{
             {"profil: cn\n", 1, 1, "unknown key: profil"},
             {"profile: cn\nrestart: yes\n", 2, 10, "if-safe, never, always"},
             {"profile: [cn]\n", 1, 10, "expected text, found a list"},
             {"profile: ../cn\n", 1, 10, "a profile's name or an absolute path"},
             {"vars: [a]\n", 1, 7, "expected a mapping"},
             {"vars:\n  a: [b]\n", 2, 6, "expected text"},
             {"targets: docker-daemon\n", 1, 10, "expected a list"},
             {"spread: maybe\n", 1, 9, "true or false"},
             {"site: Rack 7\n", 1, 7, "site: expected"},
             {"profile: cn\nprofile: ru\n", 2, 1, "key written twice"},
             {"schema: mirrorctl.config/9\n", 1, 9, "mirrorctl.config/1"},
             {"profile: \"cn\n", 1, 13, "not valid YAML"},
         }) {
        auto config = load(given.text);
        ASSERT_FALSE(config) << given.text;
        ASSERT_TRUE(config.error().location);
        EXPECT_EQ(config.error().location->file, kConfigPath);
        EXPECT_EQ(config.error().location->line, given.line) << to_string(config.error());
        EXPECT_EQ(config.error().location->column, given.column) << to_string(config.error());
        EXPECT_NE(config.error().message.find(given.part), std::string::npos) << config.error().message;
    }
}

TEST(Config, AnUnreadableFileIsAnError) {
    support::MemFs root;
    root.put(kConfigPath, "profile: cn\n");
    root.deny(kConfigPath);
    auto config = load_config(root);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::permission_denied);
}

}  // namespace
}  // namespace mirrorctl::profile::testing::config_test
