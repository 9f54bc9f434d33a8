#include "doctor/hosts_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::doctor::hosts_file_test {
namespace {

using testing::ElementsAre;

constexpr Version kOld{.major = 1, .minor = 7};
constexpr Version kNew{.major = 2, .minor = 2};

std::vector<std::string> roots(const HostsFile& file) {
    std::vector<std::string> all;
    for (const auto& host : file.hosts) all.push_back(host.root);
    return all;
}

TEST(HostsFile, ApiRootsAsContainerdJoinsThem) {
    auto file = read_hosts_file(
        "server = \"https://registry-1.docker.io\"\n"
        "[host.\"https://a.example\"]\n[host.\"https://b.example/hub/\"]\n[host.\"https://c.example/v2\"]\n"
        "[host.\"https://d.example/v2/docker.io\"]\n  override_path = true\n[host.\"e.example:5000\"]\n",
        kOld);
    EXPECT_EQ(file.refusal, Refusal::none);
    EXPECT_THAT(roots(file), ElementsAre("https://a.example/v2", "https://b.example/hub/v2",
                                         "https://c.example/v2", "https://d.example/v2/docker.io",
                                         "https://e.example:5000/v2", "https://registry-1.docker.io/v2"));
    EXPECT_TRUE(file.hosts.back().is_server);
}

TEST(HostsFile, CapabilitiesThatAreNotSetAreAll) {
    auto file =
        read_hosts_file("[host.\"https://a\"]\n[host.\"https://b\"]\ncapabilities = [\"pull\"]\n", kOld);
    ASSERT_EQ(file.hosts.size(), 2U);
    EXPECT_TRUE(file.hosts[0].resolve);
    EXPECT_FALSE(file.hosts[1].resolve);
    EXPECT_TRUE(file.hosts[1].pull);
}

TEST(HostsFile, VersionsDifferInWhatTheyRefuse) {
    const char* referrers = "[host.\"https://a\"]\ncapabilities = [\"referrers\"]\n";
    EXPECT_EQ(read_hosts_file(referrers, kOld).refusal, Refusal::invalid);
    EXPECT_EQ(read_hosts_file(referrers, kNew).refusal, Refusal::none);
    EXPECT_EQ(read_hosts_file("server = \"https://a\"\n", kOld).refusal, Refusal::no_host);
    EXPECT_EQ(read_hosts_file("server = \"https://a\"\n", kNew).refusal, Refusal::none);
    EXPECT_EQ(read_hosts_file("\n", kNew).refusal, Refusal::empty);
}

TEST(HostsFile, DurationsAsGoReadsThem) {
    auto refusal = [](const std::string& value) {
        return read_hosts_file("[host.\"https://a\"]\ndial_timeout = \"" + value + "\"\n", kNew).refusal;
    };
    for (const auto* good : {"2s", "1m30s", "1.5h", "200ms", "0", "3us"})
        EXPECT_EQ(refusal(good), Refusal::none) << good;
    for (const auto* bad : {"", "2", "2 s", "s", "2x", "1d"})
        EXPECT_EQ(refusal(bad), Refusal::invalid) << bad;
}

TEST(HostsFile, HostsWithoutHeadersAreForgotten) {
    auto file = read_hosts_file("host.\"https://a\".capabilities = [\"pull\"]\n", kNew);
    EXPECT_TRUE(file.hosts.empty());
    EXPECT_THAT(file.headerless, ElementsAre("https://a"));
}

}  // namespace
}  // namespace mirrorctl::doctor::hosts_file_test
