#include "registry/reference.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::registry::reference_test {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Case {
    std::string text;
    Reference expected;
};

TEST(Reference, IsNormalisedAsDockerDoes) {
    const std::vector<Case> cases{
        {"busybox", {"docker.io", "library/busybox", "latest", ""}},
        {"busybox:1.36", {"docker.io", "library/busybox", "1.36", ""}},
        {"prom/node-exporter", {"docker.io", "prom/node-exporter", "latest", ""}},
        {"docker.io/busybox", {"docker.io", "library/busybox", "latest", ""}},
        {"index.docker.io/library/busybox", {"docker.io", "library/busybox", "latest", ""}},
        {"ghcr.io/a/b/c:v1", {"ghcr.io", "a/b/c", "v1", ""}},
        {"localhost/x", {"localhost", "x", "latest", ""}},
        {"localhost:5000/x:2", {"localhost:5000", "x", "2", ""}},
        {"127.0.0.1:5000/x/y", {"127.0.0.1:5000", "x/y", "latest", ""}},
        {"busybox@" + kDigest, {"docker.io", "library/busybox", "", kDigest}},
        {"quay.io/a/b:t@" + kDigest, {"quay.io", "a/b", "t", kDigest}},
        {"registry.k8s.io/coredns/coredns:v1.11.1", {"registry.k8s.io", "coredns/coredns", "v1.11.1", ""}},
        {"a__b/c-d.e_f", {"docker.io", "a__b/c-d.e_f", "latest", ""}},
    };
    for (const auto& c : cases) {
        auto parsed = parse_reference(c.text);
        ASSERT_TRUE(parsed) << c.text;
        EXPECT_EQ(*parsed, c.expected) << c.text << " -> " << parsed->str();
    }
}

TEST(Reference, RefusesWhatNoRegistryTakes) {
    for (const std::string text :
         {"", "/", "Busybox", "a//b", "a/", "-a/b", "a..b", "busybox:", "busybox:-x", "busybox@sha256:12",
          "busybox@md5:abc", "bad host:5000/x", "http://x/y", "a:b:c", "..", "ghcr.io/", "a/b?x", "a\n/b"})
        EXPECT_FALSE(parse_reference(text)) << text;
    EXPECT_FALSE(parse_reference("a:" + std::string(129, 'x')));
    EXPECT_FALSE(parse_reference(std::string(300, 'x')));
}

TEST(Reference, TargetPrefersTheDigest) {
    EXPECT_EQ(parse_reference("busybox:1@" + kDigest)->target(), kDigest);
    EXPECT_EQ(parse_reference("busybox:1")->target(), "1");
}

TEST(Canary, IsRelativeToItsUpstream) {
    auto one = parse_canary("docker.io", "busybox:1.36", kDigest);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->str(), "docker.io/library/busybox:1.36@" + kDigest);
    EXPECT_EQ(parse_canary("ghcr.io", "containerd/busybox:1.36", "")->str(),
              "ghcr.io/containerd/busybox:1.36");
    EXPECT_EQ(parse_canary("ghcr.io", "ghcr.io/containerd/busybox:1.36", "")->str(),
              "ghcr.io/containerd/busybox:1.36");
    EXPECT_EQ(parse_canary("registry.k8s.io", "pause:3.10", "")->repository, "pause");
    EXPECT_FALSE(parse_canary("docker.io", "busybox", "sha256:short"));
}

}  // namespace
}  // namespace mirrorctl::registry::reference_test
