// Checks that need a running node. Those that read files alone are tested through the binary
// (tests/flow/test_doctor*.py).
#include "doctor/catalog.hpp"
#include "doctor/live.hpp"
#include "engines/discover.hpp"
#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace mirrorctl::doctor::checks_test {
namespace {

using support::FakeRunner;
using support::MemFs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kConfig =
    "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = "
    "\"/etc/containerd/certs.d\"\n";

// A node on which docker and containerd run and all is well.
class Running : public testing::Test {
  protected:
    Running() {
        fs.put("/var/lib/dpkg/status",
               "Package: containerd\nStatus: install ok installed\nVersion: 1.7.24\n\n"
               "Package: docker.io\nStatus: install ok installed\nVersion: 26.1.5\n");
        for (const auto* name : {"docker", "containerd"})
            fs.put(cat("/lib/systemd/system/", name, ".service"),
                   cat("[Service]\nExecStart=/usr/bin/", name, "\nKillMode=process\n"));
        fs.put("/usr/sbin/dockerd", "", 0755);
        fs.put("/usr/bin/containerd", "", 0755);
        fs.put("/etc/containerd/config.toml", kConfig);
        fs.put_dir("/etc/containerd/certs.d");
        fs.put("/etc/docker/daemon.json", R"({"registry-mirrors": ["https://m.corp.example"]})");
        fs.put_dir("/run/systemd/system");
        fs.put("/proc/7/environ", std::string("HTTPS_PROXY=http://proxy:3128\0A=b\0", 34));
    }

    std::vector<std::string> codes() {
        FakeRunner runner;
        runner.on({"systemctl", "show"},
                  {.out = cat("Id=docker.service\n", docker_unit, "\n\nId=containerd.service\n",
                              "LoadState=loaded\nActiveState=active\nResult=success\n"
                              "MainPID=8\nKillMode=process\nNeedDaemonReload=no\n")});
        runner.on_unix("/var/run/docker.sock", "/info",
                       cat(R"({"ServerVersion": "26.1.5", "RegistryConfig": {"Mirrors": [)", live, "]}}"));
        runner.on({"/usr/bin/containerd"}, {.out = kConfig});
        runner.on({"ctr", "plugins", "ls"}, {.out = plugins});
        auto node = engines::discover(fs, runner, true);
        Inputs inputs{.node = node,
                      .fs = fs,
                      .owned = owned,
                      .knowledge = [](const Url&) { return HostKnowledge{}; },
                      .live = ask_live(node, fs, runner)};
        findings = examine(look(inputs));
        std::vector<std::string> all;
        for (const auto& finding : findings) all.push_back(finding.code);
        return all;
    }

    MemFs fs;
    Ownership owned;
    std::string docker_unit =
        "LoadState=loaded\nActiveState=active\nResult=success\nMainPID=7\nKillMode=process\nNeedDaemonReload="
        "no\n";
    std::string live = R"("https://m.corp.example/")";
    std::string plugins = "io.containerd.grpc.v1 cri linux/amd64 ok\n";
    std::vector<Finding> findings;
};

TEST_F(Running, NothingToSay) {
    EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(Running, MirrorsThatDockerdLacks) {
    live = "";
    EXPECT_THAT(codes(), ElementsAre("mirrors_not_live"));
    EXPECT_THAT(findings[0].hint, HasSubstr("reload docker.service"));
}

TEST_F(Running, MirrorsThatAReloadKeeps) {
    fs.put("/etc/docker/daemon.json", "{}");
    EXPECT_THAT(codes(), ElementsAre("mirrors_still_live"));
    EXPECT_THAT(findings[0].hint, HasSubstr("restart docker.service"));
    fs.put("/etc/docker/daemon.json", R"({"registry-mirrors": []})");
    EXPECT_THAT(codes(), ElementsAre("mirrors_still_live"));
    EXPECT_THAT(findings[0].hint, HasSubstr("reload docker.service"));
}

TEST_F(Running, MirrorsOfAFlagAreNotLeftOver) {
    fs.put("/etc/docker/daemon.json", "{}");
    fs.put("/lib/systemd/system/docker.service",
           "[Service]\nExecStart=/usr/sbin/dockerd "
           "--registry-mirror=https://m.corp.example\nKillMode=process\n");
    EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(Running, FailedUnits) {
    docker_unit = "LoadState=loaded\nActiveState=failed\nResult=exit-code\nMainPID=0\nKillMode=process\n";
    EXPECT_THAT(codes(), ElementsAre("unit_failed"));
    docker_unit =
        "LoadState=loaded\nActiveState=failed\nResult=start-limit-hit\nMainPID=0\nKillMode=process\n";
    EXPECT_THAT(codes(), ElementsAre("unit_start_limit"));
    EXPECT_THAT(findings[0].hint, HasSubstr("reset-failed docker.service"));
}

TEST_F(Running, AUnitThatSystemdHasNotReadAgain) {
    docker_unit =
        "LoadState=loaded\nActiveState=active\nResult=success\nMainPID=7\nKillMode=process\nNeedDaemonReload="
        "yes\n";
    EXPECT_THAT(codes(), ElementsAre("daemon_reload_needed"));
}

TEST_F(Running, AProcessThatIsOlderThanItsDropIn) {
    auto drop_in = [&](const char* proxy) {
        fs.put("/etc/systemd/system/docker.service.d/http-proxy.conf",
               cat("[Service]\nEnvironment=\"HTTPS_PROXY=", proxy, "\"\n"));
    };
    drop_in("http://proxy:3128");
    EXPECT_THAT(codes(), IsEmpty());
    drop_in("http://u:s3cret@other:3128");
    EXPECT_THAT(codes(), ElementsAre("environment_stale", "proxy_password_readable"));
    for (const auto& finding : findings) EXPECT_EQ(finding.message.find("s3cret"), std::string::npos);
}

TEST_F(Running, ACriPluginThatDidNotLoad) {
    plugins = "io.containerd.grpc.v1 cri linux/amd64 error\n";
    EXPECT_THAT(codes(), ElementsAre("cri_not_loaded"));
    plugins = "io.containerd.grpc.v1 cri linux/amd64 skip\n";
    EXPECT_THAT(codes(), IsEmpty());
}

TEST(Catalog, CodesAreUniqueAndTold) {
    std::set<std::string_view> codes;
    for (const auto& check : all_checks()) {
        EXPECT_TRUE(codes.insert(check.code).second) << check.code;
        EXPECT_FALSE(check.about.empty());
    }
}

}  // namespace
}  // namespace mirrorctl::doctor::checks_test
