#include "engines/discover.hpp"

#include "engines/systemd.hpp"
#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::discover_test {
namespace {

using support::FakeRunner;
using support::MemFs;

MemFs debian() {
    MemFs fs;
    fs.put("/var/lib/dpkg/status",
           "Package: containerd\nStatus: install ok installed\nVersion: 1.6.20~ds1-1+deb12u1\n\n"
           "Package: docker.io\nStatus: install ok installed\nVersion: 20.10.24+dfsg1-1+deb12u1+b2\n");
    fs.put("/lib/systemd/system/docker.service",
           "[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// "
           "$DOCKER_OPTS\nKillMode=process\n");
    fs.put("/lib/systemd/system/containerd.service",
           "[Service]\nExecStart=/usr/bin/containerd\nKillMode=process\n");
    fs.put("/usr/sbin/dockerd", "", 0755);
    fs.put("/usr/bin/containerd", "", 0755);
    fs.put("/etc/containerd/config.toml", "version = 2\n");
    fs.put("/etc/machine-id", "0123456789abcdef\n");
    fs.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n");
    return fs;
}

TEST(Discover, AnImageTellsByItsFilesAlone) {
    auto fs = debian();
    FakeRunner runner;
    auto node = discover(fs, runner, false);
    EXPECT_FALSE(node.live);
    EXPECT_FALSE(node.systemd);
    EXPECT_EQ(node.boot_id, "");
    EXPECT_EQ(node.machine_id, "0123456789abcdef");
    EXPECT_TRUE(node.docker.installed);
    EXPECT_EQ(node.docker.variant, "rootful");
    EXPECT_EQ(node.docker.version, (Version{.major = 20, .minor = 10, .patch = 24}));
    EXPECT_EQ(node.docker.dockerd, "/usr/sbin/dockerd");
    EXPECT_EQ(node.docker.unit.kill_mode, "process");
    EXPECT_EQ(node.containerd.version, (Version{.major = 1, .minor = 6, .patch = 20}));
    EXPECT_TRUE(node.containerd.config_present);
    ASSERT_NE(node.find_user("alice"), nullptr);
    EXPECT_EQ(node.find_user("alice")->home.str(), "/home/alice");
    EXPECT_TRUE(runner.calls.empty());
    EXPECT_TRUE(runner.unix_calls.empty());
}

TEST(Discover, ABareRootHasNothing) {
    FakeRunner runner;
    auto node = discover(MemFs(), runner, false);
    EXPECT_FALSE(node.docker.installed);
    EXPECT_EQ(node.docker.variant, "none");
    EXPECT_FALSE(node.containerd.installed);
    EXPECT_TRUE(node.users.empty());
}

TEST(Discover, FlagsAndTheConfigFileComeFromTheUnit) {
    auto fs = debian();
    fs.put("/etc/default/docker",
           "DOCKER_OPTS='--config-file=/srv/daemon.json --registry-mirror=https://m'\n");
    auto node = discover_files(fs, false);
    EXPECT_EQ(node.docker.config_file.str(), "/srv/daemon.json");
    ASSERT_EQ(node.docker.flags.size(), 3U);
    EXPECT_EQ(node.docker.flags[2].where, "/etc/default/docker");
}

TEST(Discover, InitScriptsHaveTheirOptionsInAFile) {
    MemFs fs;
    fs.put("/usr/bin/dockerd", "", 0755);
    fs.put("/etc/conf.d/docker", "DOCKER_OPTS=\"--registry-mirror https://m\"\n");
    auto node = discover_files(fs, false);
    EXPECT_TRUE(node.docker.installed);
    ASSERT_EQ(node.docker.flags.size(), 1U);
    EXPECT_EQ(node.docker.flags[0].flag, "--registry-mirror=https://m");
    EXPECT_EQ(node.docker.flags[0].where, "/etc/conf.d/docker");
}

TEST(Discover, TheSnapHasItsOwnPlaces) {
    MemFs fs;
    fs.put_dir("/var/snap/docker/2904");
    fs.put_link("/var/snap/docker/current", "2904");
    auto node = discover_files(fs, false);
    EXPECT_EQ(node.docker.variant, "snap");
    EXPECT_EQ(node.docker.config_file.str(), "/var/snap/docker/current/config/daemon.json");
    EXPECT_EQ(node.docker.unit.name, "snap.docker.dockerd.service");
}

TEST(Discover, ABinaryBesideThePackageManagerHasNoPackagedVersion) {
    auto fs = debian();
    fs.erase("/usr/sbin/dockerd");
    fs.put("/usr/local/bin/dockerd", "", 0755);
    fs.put("/etc/systemd/system/docker.service", "[Service]\nExecStart=/usr/local/bin/dockerd\n");
    EXPECT_EQ(discover_files(fs, false).docker.version, std::nullopt);
}

TEST(Discover, AnotherPackageCalledDockerIsNoEngine) {
    MemFs fs;
    fs.put("/var/lib/dpkg/status", "Package: docker\nStatus: install ok installed\nVersion: 1.5-2\n");
    EXPECT_FALSE(discover_files(fs, false).docker.installed);
}

TEST(Discover, K3sIsNoticed) {
    auto fs = debian();
    EXPECT_FALSE(discover_files(fs, false).containerd.managed_by_k3s);
    fs.put("/etc/systemd/system/k3s-agent.service", "[Service]\nExecStart=/usr/local/bin/k3s agent\n");
    EXPECT_TRUE(discover_files(fs, false).containerd.managed_by_k3s);
}

constexpr const char* kShow =
    "Id=docker.service\nLoadState=loaded\nActiveState=active\nMainPID=7\nKillMode=process\nNeedDaemonReload="
    "yes\n\n"
    "Id=containerd.service\nLoadState=loaded\nActiveState=inactive\nMainPID=0\nKillMode="
    "mixed\nNeedDaemonReload=no\n";

TEST(Discover, ARunningNodeIsAsked) {
    auto fs = debian();
    fs.put_dir("/run/systemd/system");
    fs.put("/proc/sys/kernel/random/boot_id", "b00t\n");
    fs.put("/proc/7/cmdline", std::string("dockerd\0-H\0fd://\0--mtu\0001400\0", 29));
    FakeRunner runner;
    runner.on({"systemctl", "show"}, {.out = kShow});
    runner.on({"/usr/bin/containerd"}, {.out = "version = 2\n"});
    runner.on_unix("/var/run/docker.sock", "/info",
                   std::string(R"({"ServerVersion": "20.10.24", "ContainersRunning": 2})"));
    auto node = discover(fs, runner, true);
    EXPECT_TRUE(node.systemd);
    EXPECT_EQ(node.boot_id, "b00t");
    EXPECT_TRUE(node.docker.unit.active);
    EXPECT_TRUE(node.docker.unit.need_daemon_reload);
    EXPECT_EQ(node.docker.unit.main_pid, 7);
    ASSERT_TRUE(node.docker.live);
    EXPECT_EQ(node.docker.live->containers_running, 2);
    EXPECT_EQ(node.docker.flags.back().flag, "--mtu=1400");
    EXPECT_EQ(node.docker.flags.back().where, "/proc/7/cmdline");
    EXPECT_FALSE(node.containerd.unit.active);
    EXPECT_EQ(node.containerd.unit.kill_mode, "mixed");
    EXPECT_EQ(node.containerd.dump, "version = 2\n");
}

TEST(Discover, AnInactiveDockerIsNotAskedOverItsSocket) {
    auto fs = debian();
    fs.put_dir("/run/systemd/system");
    FakeRunner runner;
    runner.on({"systemctl", "show"},
              {.out = "Id=docker.service\nLoadState=loaded\nActiveState=inactive\nMainPID=0\n"});
    auto node = discover(fs, runner, true);
    EXPECT_FALSE(node.docker.live);
    EXPECT_TRUE(runner.unix_calls.empty());
}

TEST(Discover, WithoutSystemdProcessesTellWhatRuns) {
    auto fs = debian();
    fs.put("/run/docker.pid", "7");
    fs.put("/proc/7/comm", "dockerd\n");
    fs.put_link("/proc/self/ns/mnt", "mnt:[1]");
    FakeRunner runner;
    runner.on_unix("/var/run/docker.sock", "/info", std::string("{}"));
    auto node = discover(fs, runner, true);
    EXPECT_FALSE(node.systemd);
    EXPECT_TRUE(node.docker.unit.active);
    EXPECT_TRUE(node.docker.live);
    EXPECT_FALSE(node.containerd.unit.active);
    EXPECT_EQ(runner.count({"systemctl"}), 0U);
}

TEST(Discover, SettingsOfTheImageStore) {
    auto fs = debian();
    const std::string daemon_json = "/etc/docker/daemon.json";
    auto store = [&fs] { return discover_files(fs, false).docker.store; };
    EXPECT_FALSE(store().feature);
    EXPECT_EQ(store().prior_driver, "");
    fs.put(
        daemon_json,
        R"({"features": {"containerd-snapshotter": true}, "storage-driver": "zfs", "userns-remap": "default"})");
    EXPECT_EQ(store().feature, true);
    EXPECT_EQ(store().driver, "zfs");
    EXPECT_TRUE(store().userns_remap);
    fs.put("/etc/default/docker",
           "DOCKER_OPTS='--feature=containerd-snapshotter=false -s btrfs --userns-remap='\n");
    EXPECT_EQ(store().feature, false) << "an option counts more than the file";
    EXPECT_EQ(store().driver, "btrfs");
    EXPECT_FALSE(store().userns_remap);
    fs.put("/etc/default/docker", "DOCKER_OPTS=--feature=containerd-snapshotter\nDOCKER_DRIVER=overlay2\n");
    EXPECT_EQ(store().feature, true);
    EXPECT_EQ(store().driver, "overlay2");
    fs.put(daemon_json, "{ broken");
    EXPECT_EQ(store().feature, true) << "the flag still counts";
}

TEST(Discover, DataOfAStorageDriver) {
    auto fs = debian();
    auto prior = [&fs] { return discover_files(fs, false).docker.store.prior_driver; };
    fs.put_dir("/var/lib/docker/overlay2");
    EXPECT_EQ(prior(), "") << "an empty directory is none";
    fs.put("/var/lib/docker/overlay2/l/x", "");
    EXPECT_EQ(prior(), "overlay2");
    fs.put("/etc/docker/daemon.json", R"({"data-root": "/srv/docker"})");
    EXPECT_EQ(prior(), "");
    fs.put("/srv/docker/zfs/graph", "");
    EXPECT_EQ(prior(), "zfs");
    fs.put("/etc/default/docker", "DOCKER_OPTS=--data-root=/data\n");
    EXPECT_EQ(prior(), "");
    fs.put("/data/vfs/dir", "");
    EXPECT_EQ(prior(), "") << "vfs does not count for dockerd either";
}

TEST(Passwd, OddLinesAreLeftOut) {
    auto users = parse_passwd(
        "# "
        "comment\n\nroot:x:0:0::/root:/bin/sh\nbroken:x:1\nneg:x:-1:0::/n:/bin/sh\nbig:x:99999999999:0::/b:/"
        "bin/sh\nrel:x:5:5::home:/bin/sh\n");
    ASSERT_EQ(users.size(), 1U);
    EXPECT_EQ(users[0].name, "root");
}

TEST(SystemctlShow, BlocksAreUnits) {
    auto blocks = parse_show(kShow);
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[0]["MainPID"], "7");
    EXPECT_EQ(blocks[1]["ActiveState"], "inactive");
    EXPECT_TRUE(parse_show("").empty());
}

}  // namespace
}  // namespace mirrorctl::engines::discover_test
