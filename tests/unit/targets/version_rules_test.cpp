#include "targets/version_rules.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::targets::version_rules_test {
namespace {

struct Case {
    Rule rule;
    const char* version;  // "" = unknown
    bool holds;
};

const Case kCases[] = {
    {Rule::mirror_path, "23.0.6", false},
    {Rule::mirror_path, "24.0.0", true},
    {Rule::mirror_path, "", false},
    {Rule::daemon_proxies, "20.10.24+dfsg1", false},
    {Rule::daemon_proxies, "23.0.0", true},
    {Rule::mirror_reload, "17.03.2-ce", false},
    {Rule::mirror_reload, "17.04.0-ce", true},
    {Rule::mirror_reload, "", true},
    {Rule::reload_is_broken, "20.10.24", false},
    {Rule::reload_is_broken, "23.0.0", true},
    {Rule::reload_is_broken, "23.0.6", true},
    {Rule::reload_is_broken, "23.0.7", false},
    {Rule::reload_is_broken, "24.0.0", true},
    {Rule::reload_is_broken, "24.0.1", false},
    {Rule::docker_hosts_toml, "27.5.1", false},
    {Rule::docker_hosts_toml, "28.0.0", true},
    {Rule::docker_hosts_toml, "", false},
    {Rule::containerd_store_default, "28.5.2", false},
    {Rule::containerd_store_default, "29.0.0", true},
    {Rule::containerd_store_default, "", false},
    {Rule::hosts_toml, "1.4.13~ds1", false},
    {Rule::hosts_toml, "1.5.0", true},
    {Rule::hosts_toml, "", true},
    {Rule::override_path, "1.5.18", false},
    {Rule::override_path, "v1.6.0", true},
    {Rule::host_table_mandatory, "1.7.27", true},
    {Rule::host_table_mandatory, "2.0.0", false},
    {Rule::host_table_mandatory, "", true},
    {Rule::imports_merge_deep, "1.7.24", false},
    {Rule::imports_merge_deep, "2.0.0", true},
    {Rule::config_v3, "1.7.24", false},
    {Rule::config_v3, "2.0.0", true},
    {Rule::config_v4, "2.2.9", false},
    {Rule::config_v4, "2.3.0", true},
    {Rule::dial_timeout, "2.0.5", false},
    {Rule::dial_timeout, "2.1.0", true},
    {Rule::dial_timeout, "", false},
    {Rule::single_dir_transfer, "2.0.5", false},
    {Rule::single_dir_transfer, "2.1.0", true},
    {Rule::single_dir_transfer, "", true},
    {Rule::referrers, "2.1.9", false},
    {Rule::referrers, "2.2.0", true},
    {Rule::default_config_path, "2.1.4", false},
    {Rule::default_config_path, "2.2.0", true},
    {Rule::imports_migrate_alone, "2.2.9", false},
    {Rule::imports_migrate_alone, "2.3.0", true},
};

TEST(VersionRules, EveryBoundaryFromBothSides) {
    for (const auto& c : kCases) {
        auto parsed = std::string(c.version).empty() ? std::nullopt : Version::parse(c.version);
        EXPECT_EQ(holds(c.rule, parsed), c.holds) << static_cast<int>(c.rule) << " at " << c.version;
    }
}

TEST(VersionRules, EveryRowSaysWhereItComesFrom) {
    for (const auto& row : version_rules()) {
        EXPECT_FALSE(row.name.empty());
        EXPECT_FALSE(row.source.empty()) << row.name;
        EXPECT_TRUE(row.engine == "docker" || row.engine == "containerd") << row.name;
        EXPECT_TRUE(row.until == Version{} || row.from < row.until) << row.name;
    }
}

}  // namespace
}  // namespace mirrorctl::targets::version_rules_test
