#include "engines/processes.hpp"

#include "support/fake_clock.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace mirrorctl::engines::processes_test {
namespace {

using support::MemFs;
using testing::ElementsAre;

TEST(Processes, ReadsTheCommandLine) {
    MemFs fs;
    fs.put("/proc/7/cmdline", std::string("dockerd\0-H\0fd://\0", 17));
    EXPECT_THAT(command_line(fs, 7), ElementsAre("dockerd", "-H", "fd://"));
    EXPECT_TRUE(command_line(fs, 8).empty());
    EXPECT_TRUE(command_line(fs, 0).empty());
}

TEST(Processes, StartTimeSurvivesOddNames) {
    MemFs fs;
    fs.put("/proc/stat", "cpu 1 2\nbtime 1700000000\nprocesses 5\n");
    auto ticks = std::to_string(50 * ::sysconf(_SC_CLK_TCK));
    fs.put("/proc/7/stat",
           "7 (a ) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " + ticks + " 1000 2000\n");
    EXPECT_DOUBLE_EQ(started_at(fs, 7), 1700000050.0);
    fs.put("/proc/8/stat", "8 (short) S 1");
    EXPECT_EQ(started_at(fs, 8), 0);
    EXPECT_EQ(started_at(fs, 9), 0);
}

TEST(Processes, CountedBackFromNowTheStartIsExact) {
    MemFs fs;
    support::FakeClock clock(1700000100.25 - 1000.0);  // its monotonic side begins at 1000 s
    fs.put("/proc/stat", "cpu 1 2\nbtime 1699999999\n");
    fs.put("/proc/uptime", "100.25 55.10\n");
    fs.put("/proc/7/stat",
           cat("7 (x) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ", 50 * ::sysconf(_SC_CLK_TCK), " 1\n"));
    EXPECT_NEAR(started_at(fs, 7, clock), 1700000050.0, 1e-6);
    EXPECT_DOUBLE_EQ(started_at(fs, 7), 1700000049.0);
    fs.erase("/proc/uptime");
    EXPECT_DOUBLE_EQ(started_at(fs, 7, clock), 1700000049.0);
}

TEST(Processes, EnvironmentTakesTheFirstOfTwo) {
    auto variables = parse_environ(std::string("A=1\0B=x=y\0A=2\0bad\0=z\0C=\0", 25));
    EXPECT_EQ(variables.size(), 3U);
    EXPECT_EQ(variables["A"], "1");
    EXPECT_EQ(variables["B"], "x=y");
    EXPECT_EQ(variables["C"], "");
    EXPECT_FALSE(environment(MemFs(), 7));
}

TEST(Processes, CountsByName) {
    MemFs fs;
    fs.put("/proc/7/comm", "containerd-shim\n");
    fs.put("/proc/8/comm", "containerd\n");
    fs.put("/proc/9/comm", "containerd-shim\n");
    fs.put("/proc/version", "Linux\n");
    EXPECT_EQ(count_processes(fs, "containerd-shim"), 2);
}

TEST(Processes, APidFileCountsOnlyWithTheRightProcess) {
    MemFs fs;
    fs.put("/run/docker.pid", "7\n");
    fs.put("/proc/7/comm", "dockerd\n");
    EXPECT_EQ(pid_from_file(fs, TargetPath("/run/docker.pid"), "dockerd"), 7);
    EXPECT_EQ(pid_from_file(fs, TargetPath("/run/docker.pid"), "sshd"), 0);
    fs.put("/run/docker.pid", "-1\n");
    EXPECT_EQ(pid_from_file(fs, TargetPath("/run/docker.pid"), "dockerd"), 0);
}

TEST(Processes, AnEngineInsideAContainerIsNotOurs) {
    MemFs fs;
    fs.put_link("/proc/self/ns/mnt", "mnt:[1]");
    fs.put("/proc/5/comm", "containerd\n");
    fs.put_link("/proc/5/ns/mnt", "mnt:[2]");
    EXPECT_EQ(find_process(fs, "containerd"), 0);
    fs.put("/proc/6/comm", "containerd\n");
    fs.put_link("/proc/6/ns/mnt", "mnt:[1]");
    EXPECT_EQ(find_process(fs, "containerd"), 6);
}

}  // namespace
}  // namespace mirrorctl::engines::processes_test
