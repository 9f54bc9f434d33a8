#include "engines/verify.hpp"

#include "base/digest.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::verify_test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Verify : testing::Test {
    support::MemFs fs;
    support::FakeRunner runner;
    support::FakeClock clock;
    NodeFacts node{.live = true, .systemd = true};
    Verify() {
        node.docker.unit = {.name = "docker.service", .exists = true, .active = true};
        node.containerd.unit = {.name = "containerd.service", .exists = true, .active = true};
        node.containerd.binary = "/usr/bin/containerd";
    }
    Session session() {
        return {.node = node, .fs = fs, .runner = runner, .clock = clock, .timeout_seconds = 5};
    }
    void info(const std::string& json) { runner.on_unix("/var/run/docker.sock", "/info", json); }
    void process(const std::string& environ) {
        runner.on({"systemctl", "show"},
                  {.out = "Id=docker.service\nLoadState=loaded\nActiveState=active\nMainPID=7\n"});
        fs.put("/proc/7/environ", environ);
    }
};

TEST_F(Verify, HostsFilesAreLiveWithTheImageStoreOfContainerd) {
    info(R"({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]})");
    EXPECT_EQ(live_word({{"docker.containerd_store", {}}}, session()), "yes");
    node.docker.unit.active = false;
    EXPECT_EQ(live_word({{"docker.containerd_store", {}}}, session()), "unknown");
}

TEST_F(Verify, HostsFilesAreNotLiveWithAStorageDriver) {
    info(R"({"DriverStatus": [["Backing Filesystem", "extfs"]]})");
    EXPECT_EQ(live_word({{"docker.containerd_store", {}}}, session()), "pending");
}

TEST_F(Verify, MirrorsAreComparedInOrderWithoutTheSlash) {
    info(R"({"RegistryConfig": {"Mirrors": ["https://a/", "https://b/"]}})");
    EXPECT_EQ(ask({"docker.mirrors", {"https://a", "https://b/"}}, session()).answer, Answer::yes);
    EXPECT_EQ(ask({"docker.mirrors", {"https://b", "https://a"}}, session()).answer, Answer::no);
    EXPECT_EQ(ask({"docker.mirrors", {}}, session()).answer, Answer::no);
}

TEST_F(Verify, WaitsForAReloadThatTakesItsTime) {
    info(R"({"RegistryConfig": {"Mirrors": ["https://old/"]}})");
    info(R"({"RegistryConfig": {"Mirrors": ["https://old/"]}})");
    info(R"({"RegistryConfig": {"Mirrors": []}})");
    EXPECT_TRUE(verify({"docker.mirrors", {}}, session()));
    EXPECT_EQ(clock.sleeps.size(), 2U);
}

TEST_F(Verify, SaysWhatTheEngineHasInstead) {
    info(R"({"RegistryConfig": {"Mirrors": ["https://old/"]}})");
    auto verified = verify({"docker.mirrors", {"https://new"}}, session());
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::activation_failed);
    EXPECT_THAT(verified.error().message, HasSubstr("https://old"));
    EXPECT_NEAR(clock.now(), 1005.0, 0.5);
}

TEST_F(Verify, ASleepingDockerIsNotWokenThroughItsSocket) {
    info(R"({"RegistryConfig": {"Mirrors": []}})");
    node.docker.unit.active = false;
    EXPECT_EQ(ask({"docker.mirrors", {"https://a"}}, session()).answer, Answer::not_asked);
    EXPECT_TRUE(runner.unix_calls.empty());
    EXPECT_TRUE(verify({"docker.mirrors", {"https://a"}}, session()));
}

TEST_F(Verify, AnotherRootIsNotAsked) {
    node.live = false;
    for (const char* subject :
         {"docker.mirrors", "docker.proxy", "containerd.cri", "environment:docker.service"})
        EXPECT_EQ(ask({subject, {"x"}}, session()).answer, Answer::not_asked) << subject;
    EXPECT_TRUE(runner.calls.empty());
}

TEST_F(Verify, TheEnvironmentOfTheProcessCounts) {
    process(std::string("HTTP_PROXY=http://u:secret@p:1\0NO_PROXY=localhost\0", 51));
    auto digest = sha256_digest("http://u:secret@p:1");
    EXPECT_EQ(
        ask({"environment:docker.service", {"HTTP_PROXY=" + digest, "NO_PROXY=localhost", "ALL_PROXY="}},
            session())
            .answer,
        Answer::yes);
    auto wrong = ask({"environment:docker.service", {"HTTP_PROXY=" + sha256_digest("other")}}, session());
    EXPECT_EQ(wrong.answer, Answer::no);
    EXPECT_THAT(wrong.detail, HasSubstr("HTTP_PROXY has another value"));
    EXPECT_THAT(wrong.detail, Not(HasSubstr("secret")));
    EXPECT_EQ(ask({"environment:docker.service", {"NO_PROXY="}}, session()).detail, "NO_PROXY is still set");
    EXPECT_EQ(ask({"environment:docker.service", {"https_proxy=x"}}, session()).detail,
              "https_proxy is not set");
}

TEST_F(Verify, AProcessThatIsNotThereIsNotAsked) {
    runner.on({"systemctl", "show"},
              {.out = "Id=docker.service\nLoadState=loaded\nActiveState=inactive\nMainPID=0\n"});
    EXPECT_EQ(ask({"environment:docker.service", {"A=1"}}, session()).answer, Answer::not_asked);
}

TEST_F(Verify, MaskedProxiesAreOnlyKnownToBeSet) {
    info(R"({"HttpProxy": "http://xxxxx:xxxxx@p:1", "NoProxy": "localhost"})");
    auto digest = sha256_digest("http://u:secret@p:1");
    EXPECT_EQ(ask({"docker.proxy", {"HTTP_PROXY=" + digest, "NO_PROXY=localhost"}}, session()).answer,
              Answer::yes);
    EXPECT_EQ(ask({"docker.proxy", {"HTTP_PROXY="}}, session()).answer, Answer::no);
    EXPECT_EQ(ask({"docker.proxy", {"HTTPS_PROXY=http://p:1"}}, session()).answer, Answer::no);
}

TEST_F(Verify, ContainerdIsAskedForItsMergedConfiguration) {
    fs.put("/etc/containerd/config.toml", "");
    runner.on({"/usr/bin/containerd", "--config", "/etc/containerd/config.toml", "config", "dump"},
              {.out = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
                      "\"/etc/containerd/certs.d\"\n"});
    EXPECT_EQ(ask({"containerd.config_path", {"/etc/containerd/certs.d"}}, session()).answer, Answer::yes);
    EXPECT_EQ(ask({"containerd.config_path", {}}, session()).answer, Answer::no);
}

TEST_F(Verify, ContainerdsOwnDefaultCountsAsUnset) {
    runner.on({"/usr/bin/containerd"},
              {.out = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
                      "config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n"});
    EXPECT_EQ(ask({"containerd.config_path", {}}, session()).answer, Answer::yes);
    EXPECT_EQ(ask({"containerd.config_path", {"/etc/containerd/certs.d"}}, session()).answer, Answer::no);
}

TEST_F(Verify, DisabledCriIsNotOurDoing) {
    runner.on({"ctr", "plugins", "ls"}, {.out = "io.containerd.content.v1   content    -   ok\n"});
    EXPECT_EQ(ask({"containerd.cri", {}}, session()).answer, Answer::no);
    node.containerd.dump = "disabled_plugins = [\"cri\"]\n";
    EXPECT_EQ(ask({"containerd.cri", {}}, session()).answer, Answer::not_asked);
}

TEST_F(Verify, CriMustBeLoaded) {
    runner.on({"ctr", "plugins", "ls"}, {.out = "io.containerd.grpc.v1   cri    linux/amd64   error\n"});
    auto verified = verify({"containerd.cri", {}}, session());
    ASSERT_FALSE(verified);
    EXPECT_THAT(verified.error().message, HasSubstr("error"));
}

TEST_F(Verify, AnUnknownSubjectIsNotSilentlyTrue) {
    EXPECT_EQ(ask({"docker.nonsense", {}}, session()).answer, Answer::no);
}

TEST_F(Verify, StatusHasThreeWords) {
    info(R"({"RegistryConfig": {"Mirrors": ["https://a/"]}})");
    EXPECT_EQ(live_word({}, session()), "unknown");
    EXPECT_EQ(live_word({{"docker.mirrors", {"https://a"}}}, session()), "yes");
    EXPECT_EQ(live_word({{"docker.mirrors", {"https://b"}}}, session()), "pending");
    EXPECT_EQ(live_word({{"docker.mirrors", {"https://a"}}, {"containerd.cri", {}}}, session()), "unknown");
}

}  // namespace
}  // namespace mirrorctl::engines::verify_test
