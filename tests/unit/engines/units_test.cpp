#include "engines/units.hpp"

#include "engines/flags.hpp"
#include "support/mem_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::units_test {
namespace {

using support::MemFs;
using testing::ElementsAre;

constexpr const char* kDebian =
    "[Unit]\nRequires=docker.socket\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/docker\n"
    "ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock "
    "$DOCKER_OPTS\nKillMode=process\n";

std::string line_of(const Unit& unit) {
    std::vector<std::string> words;
    for (const auto& word : unit.command) words.push_back(word.text);
    return join(words, " ");
}

TEST(Units, ReadsDebiansUnitWithItsEnvironmentFile) {
    MemFs fs;
    fs.put("/lib/systemd/system/docker.service", kDebian);
    fs.put("/etc/default/docker", "DOCKER_OPTS=\"--registry-mirror https://m.example --debug\"\n");
    auto unit = read_unit(fs, "docker.service");
    EXPECT_TRUE(unit.exists);
    EXPECT_EQ(unit.kill_mode, "process");
    EXPECT_THAT(unit.bound_to, ElementsAre("docker.socket"));
    EXPECT_THAT(unit.environment_files, ElementsAre(TargetPath("/etc/default/docker")));
    auto flags = flags_of(unit.command);
    ASSERT_EQ(flags.size(), 4U);
    EXPECT_EQ(flags[0].flag, "-H=fd://");
    EXPECT_EQ(flags[0].where, "/lib/systemd/system/docker.service");
    EXPECT_EQ(flags[2].flag, "--registry-mirror=https://m.example");
    EXPECT_EQ(flags[2].where, "/etc/default/docker");
    EXPECT_EQ(flags[3].flag, "--debug");
}

TEST(Units, DropInsResetAndReplaceTheCommand) {
    MemFs fs;
    fs.put("/lib/systemd/system/docker.service", kDebian);
    fs.put("/etc/systemd/system/docker.service.d/override.conf",
           "[Service]\nExecStart=\nExecStart=-/usr/sbin/dockerd --config-file /srv/docker.json\n");
    auto unit = read_unit(fs, "docker.service");
    EXPECT_EQ(line_of(unit), "/usr/sbin/dockerd --config-file /srv/docker.json");
    EXPECT_EQ(unit.command[1].where, "/etc/systemd/system/docker.service.d/override.conf");
    EXPECT_EQ(last_value(flags_of(unit.command), "config-file"), "/srv/docker.json");
}

TEST(Units, ADropInInAHigherDirectoryHidesItsNamesake) {
    MemFs fs;
    fs.put("/usr/lib/systemd/system/x.service", "[Service]\nExecStart=/bin/x $OPTS\n");
    fs.put("/usr/lib/systemd/system/x.service.d/10-a.conf", "[Service]\nEnvironment=OPTS=--low\n");
    fs.put("/etc/systemd/system/x.service.d/10-a.conf", "[Service]\nEnvironment=OPTS=--high\n");
    fs.put("/run/systemd/system/x.service.d/05-b.conf", "[Service]\nEnvironment=OPTS=--early\n");
    fs.put("/etc/systemd/system/service.d/20-all.conf", "[Service]\nKillMode=mixed\n");
    fs.put("/etc/systemd/system/x.service.d/readme.txt", "[Service]\nExecStart=\n");
    auto unit = read_unit(fs, "x.service");
    EXPECT_EQ(line_of(unit), "/bin/x --high");
    EXPECT_EQ(unit.kill_mode, "mixed");
    EXPECT_EQ(unit.drop_ins.size(), 3U);
}

TEST(Units, AFragmentInEtcHidesTheVendorsOne) {
    MemFs fs;
    fs.put("/lib/systemd/system/x.service", "[Service]\nExecStart=/bin/vendor\n");
    fs.put("/etc/systemd/system/x.service", "[Service]\nExecStart=/bin/admin\n");
    EXPECT_EQ(line_of(read_unit(fs, "x.service")), "/bin/admin");
}

TEST(Units, AMaskedOrMissingUnitDoesNotExist) {
    MemFs fs;
    fs.put("/lib/systemd/system/x.service", "[Service]\nExecStart=/bin/vendor\n");
    fs.put_link("/etc/systemd/system/x.service", "/dev/null");
    EXPECT_FALSE(read_unit(fs, "x.service").exists);
    EXPECT_FALSE(read_unit(fs, "y.service").exists);
}

TEST(Units, ExpandsVariablesAsSystemdDoes) {
    struct Case {
        const char* exec;
        const char* result;
    };
    const Case cases[] = {
        {"/bin/x $TWO", "/bin/x one two"},  {"/bin/x ${TWO}", "/bin/x one two"},
        {"/bin/x a${B}c", "/bin/x abc"},    {"/bin/x a$B", "/bin/x a$B"},
        {"/bin/x $NONE end", "/bin/x end"}, {"/bin/x $$B", "/bin/x $B"},
        {"@/bin/x argv0 -a", "/bin/x -a"},  {":/bin/x $TWO", "/bin/x $TWO"},
        {"-+/bin/x -a", "/bin/x -a"},       {"/bin/x ${UNCLOSED", "/bin/x ${UNCLOSED"},
    };
    for (const auto& c : cases) {
        MemFs fs;
        fs.put("/lib/systemd/system/x.service",
               cat("[Service]\nEnvironment=\"TWO=one two\" B=b\nExecStart=", std::string(c.exec), "\n"));
        auto unit = read_unit(fs, "x.service");
        EXPECT_EQ(line_of(unit), c.result) << c.exec;
    }
}

TEST(Flags, HaveOneSpelling) {
    std::vector<Word> words{
        {"dockerd", ""},  {"--registry-mirror", "a"}, {"https://m", "a"},   {"-H", "b"},   {"fd://", "b"},
        {"--debug", "c"}, {"-Hunix:///x", "d"},       {"--tls=false", "e"}, {"stray", "e"}};
    auto flags = flags_of(words);
    std::vector<std::string> texts;
    for (const auto& flag : flags) texts.push_back(flag.flag);
    EXPECT_THAT(texts, ElementsAre("--registry-mirror=https://m", "-H=fd://", "--debug", "-Hunix:///x",
                                   "--tls=false"));
    EXPECT_EQ(flag_name("-H=fd://"), "host");
    EXPECT_EQ(flag_value("-H=fd://"), "fd://");
    EXPECT_EQ(flag_name("-Hunix:///x"), "host");
    EXPECT_EQ(flag_value("-Hunix:///x"), "unix:///x");
    EXPECT_EQ(flag_name("-D"), "debug");
    EXPECT_EQ(flag_value("-D"), "");
    EXPECT_EQ(flag_name("-c=/x"), "config");
    EXPECT_EQ(flag_name("-config=/x"), "config");
    EXPECT_EQ(flag_name("--registry-mirror=https://m"), "registry-mirror");
    EXPECT_EQ(flag_name("-"), "");
}

TEST(Flags, TheRunningCommandLineAddsOnlyWhatNoFileExplains) {
    std::vector<FlagSource> flags{{"-H=fd://", "/lib/systemd/system/docker.service"},
                                  {"--debug", "/etc/default/docker"}};
    add_running(flags, {"/usr/sbin/dockerd", "--host=fd://", "--debug", "--registry-mirror", "https://m"},
                "/proc/7/cmdline");
    ASSERT_EQ(flags.size(), 3U);
    EXPECT_EQ(flags[2].flag, "--registry-mirror=https://m");
    EXPECT_EQ(flags[2].where, "/proc/7/cmdline");
}

}  // namespace
}  // namespace mirrorctl::engines::units_test
