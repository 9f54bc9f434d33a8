#include "engines/versions.hpp"

#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"

#include <gtest/gtest.h>

#include <array>

namespace mirrorctl::engines::versions_test {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"docker-ce", "docker.io"};
constexpr std::array<std::string_view, 1> kApkNames = {"docker"};

constexpr const char* kStatus =
    "Package: docker.io-doc\nStatus: install ok installed\nVersion: 9\n\n"
    "Package: docker.io\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
    "20.10.24+dfsg1-1+deb12u1\nDescription: x\n more\n\n"
    "Package: docker-ce\nStatus: deinstall ok config-files\nVersion: 5:24.0.7-1~debian.12~bookworm\n";

TEST(Versions, DpkgCountsOnlyInstalledPackages) {
    EXPECT_EQ(dpkg_version(kStatus, kNames), "20.10.24+dfsg1-1+deb12u1");
    EXPECT_EQ(dpkg_version("", kNames), std::nullopt);
    EXPECT_EQ(dpkg_version("Package: docker-ce\nStatus: install ok half-installed\nVersion: 1\n", kNames),
              std::nullopt);
}

TEST(Versions, DpkgEpochsAreNotPartOfTheVersion) {
    EXPECT_EQ(
        dpkg_version(
            "Package: docker-ce\nStatus: install ok installed\nVersion: 5:24.0.7-1~debian.12~bookworm\n",
            kNames),
        "24.0.7-1~debian.12~bookworm");
}

TEST(Versions, TheFirstNameWins) {
    auto both =
        "Package: docker.io\nStatus: install ok installed\nVersion: 1\n\nPackage: docker-ce\nStatus: hold ok "
        "installed\nVersion: 5:2\n";
    EXPECT_EQ(dpkg_version(both, kNames), "2");
}

TEST(Versions, ApkIsReadToo) {
    support::MemFs fs;
    fs.put("/lib/apk/db/installed", "C:Q1=\nP:docker\nV:25.0.3-r1\nA:x86_64\n\nP:other\nV:1\n");
    EXPECT_EQ(Packages(fs).version(kNames, kApkNames), "25.0.3-r1");
    EXPECT_EQ(Packages(support::MemFs()).version(kNames, kApkNames), std::nullopt);
}

TEST(Versions, BinariesSayItInSeveralWays) {
    struct Case {
        const char* output;
        int major, minor, patch;
    };
    const Case cases[] = {
        {"Docker version 24.0.7, build afdd53b\n", 24, 0, 7},
        {"Docker version 20.10.24+dfsg1, build 297e128\n", 20, 10, 24},
        {"containerd github.com/containerd/containerd v1.7.24 88bf19b\n", 1, 7, 24},
        {"containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3\n", 1, 6, 20},
        {"containerd github.com/containerd/containerd/v2 v2.1.0 061792f\n", 2, 1, 0},
    };
    for (const auto& c : cases) {
        auto version = parse_version_output(c.output);
        ASSERT_TRUE(version) << c.output;
        EXPECT_EQ(*version, (Version{.major = c.major, .minor = c.minor, .patch = c.patch})) << c.output;
    }
    EXPECT_FALSE(parse_version_output("no version here"));
    EXPECT_FALSE(parse_version_output(""));
}

TEST(Versions, ABinaryThatFailsTellsNothing) {
    support::FakeRunner runner;
    runner.on({"/usr/bin/dockerd", "--version"}, {.exit_status = 1, .out = "Docker version 1.2.3"});
    EXPECT_FALSE(ask_version(runner, "/usr/bin/dockerd"));
    EXPECT_FALSE(ask_version(runner, "/nowhere"));
}

}  // namespace
}  // namespace mirrorctl::engines::versions_test
