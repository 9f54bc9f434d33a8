#include "engines/docker.hpp"

#include "support/fake_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::docker_test {
namespace {

using testing::ElementsAre;

constexpr const char* kInfo = R"({
  "ServerVersion": "20.10.24+dfsg1", "ContainersRunning": 3, "LiveRestoreEnabled": true,
  "Swarm": {"LocalNodeState": "active"}, "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]],
  "HttpProxy": "http://xxxxx:xxxxx@proxy:3128", "HttpsProxy": "http://proxy:3128", "NoProxy": "localhost",
  "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"],
    "IndexConfigs": {"docker.io": {"Name": "docker.io", "Mirrors": ["https://m1/"], "Secure": true, "Official": true}},
    "Mirrors": ["https://m1/", "https://m2/"]}})";

TEST(DockerInfo, ReadsWhatCounts) {
    auto info = parse_docker_info(kInfo);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->server_version, "20.10.24+dfsg1");
    EXPECT_THAT(info->live.mirrors, ElementsAre("https://m1/", "https://m2/"));
    EXPECT_EQ(info->live.http_proxy, "http://xxxxx:xxxxx@proxy:3128");
    EXPECT_EQ(info->live.no_proxy, "localhost");
    EXPECT_TRUE(info->live.live_restore);
    EXPECT_TRUE(info->live.swarm);
    EXPECT_EQ(info->live.containers_running, 3);
    EXPECT_FALSE(info->live.containerd_store);
    EXPECT_FALSE(info->live.insecure_registries);
}

TEST(DockerInfo, SeesTheContainerdStoreAndInsecureRegistries) {
    auto info = parse_docker_info(
        R"({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]], "Swarm": {"LocalNodeState": "inactive"},
        "RegistryConfig": {"Mirrors": null, "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
        "IndexConfigs": {"reg:5000": {"Secure": false}}}})");
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->live.containerd_store);
    EXPECT_TRUE(info->live.insecure_registries);
    EXPECT_FALSE(info->live.swarm);
    EXPECT_TRUE(info->live.mirrors.empty());
}

TEST(DockerInfo, NonsenseIsAnErrorAndControlCharactersGo) {
    for (const char* text : {"", "[]", "null", "{", "<html>", "\"x\""})
        EXPECT_FALSE(parse_docker_info(text)) << text;
    auto odd = parse_docker_info(
        R"({"ServerVersion": "\u001b[31mred", "ContainersRunning": "x", "RegistryConfig": 5})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->server_version, "?[31mred");
    EXPECT_EQ(odd->live.containers_running, 0);
}

TEST(DockerSocket, FollowsTheFlags) {
    DockerFacts docker;
    EXPECT_EQ(docker_socket(docker), "/var/run/docker.sock");
    docker.flags = {{"-H=fd://", "unit"}, {"--host=unix:///srv/d.sock", "unit"}};
    EXPECT_EQ(docker_socket(docker), "/srv/d.sock");
}

TEST(AskDocker, PassesErrorsOn) {
    support::FakeRunner runner;
    auto none = ask_docker(runner, "/var/run/docker.sock");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::not_found);
    runner.on_unix("/var/run/docker.sock", "/info", std::string(kInfo));
    EXPECT_TRUE(ask_docker(runner, "/var/run/docker.sock"));
}

}  // namespace
}  // namespace mirrorctl::engines::docker_test
