#include "targets/hosts_check.hpp"

#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::hosts_check_test {
namespace {

// F18: what containerd's own parser refuses, value by value.
TEST(HostsCheck, OneWrongValueAndTheWholeFileIsIgnored) {
    const std::pair<const char*, const char*> cases[] = {
        {"server = 1\n", "server"},
        {"host = 1\n", "host"},
        {"[host]\nx = 1\n", "x"},
        {"capabilities = [\"pul\"]\n", "pul"},
        {"capabilities = \"pull\"\n", "capabilities"},
        {"[host.\"https://a\"]\ncapabilities = [\"Pull\"]\n", "Pull"},
        {"[host.\"https://a\"]\nca = 3\n", "ca"},
        {"[host.\"https://a\"]\nca = [[\"/a\"]]\n", "ca"},
        {"[host.\"https://a\"]\nclient = true\n", "client"},
        {"[host.\"https://a\"]\nclient = [[\"/c\", \"/k\", \"/x\"]]\n", "client"},
        {"[host.\"https://a\"]\nskip_verify = \"yes\"\n", "skip_verify"},
        {"[host.\"https://a\"]\noverride_path = 1\n", "override_path"},
        {"[host.\"https://a\"]\nheader = \"x\"\n", "header"},
        {"[host.\"https://a\".header]\nx = 1\n", "header"},
        {"[host.\"https://a\"]\ndial_timeout = \"2\"\n", "dial_timeout"},
        {"[host.\"https://a\"]\ndial_timeout = 2\n", "dial_timeout"},
    };
    for (const auto& [text, part] : cases) {
        auto valid = check_hosts_toml(text, {.referrers = true, .dial_timeout = true});
        ASSERT_FALSE(valid) << text;
        EXPECT_EQ(valid.error().code, ErrorCode::unsupported_layout) << text;
        EXPECT_NE(valid.error().message.find(part), std::string::npos) << valid.error().message;
        EXPECT_NE(valid.error().message.find("ignores the whole file"), std::string::npos);
        EXPECT_FALSE(valid.error().hint.empty());
    }
}

TEST(HostsCheck, WhatContainerdTakesPasses) {
    for (const char* text :
         {"", "server = \"x\"\n", "unknown = 1\n[host.\"https://a\"]\nunknown = 2\n",
          "capabilities = [\"pull\", \"resolve\", \"push\", \"referrers\"]\n",
          "[host.\"https://a\"]\nca = \"/a\"\nclient = \"/c\"\nskip_verify = false\n",
          "[host.\"https://a\"]\nca = [\"/a\", \"/b\"]\nclient = [\"/c\", [\"/c\", \"/k\"]]\n",
          "[host.\"https://a\".header]\na = \"1\"\nb = [\"1\", \"2\"]\n"}) {
        auto valid = check_hosts_toml(text, {.referrers = true, .dial_timeout = true});
        EXPECT_TRUE(valid) << text << (valid ? "" : to_string(valid.error()));
    }
    for (const char* duration : {"2s", "1m30s", "1.5h", "300ms", "-5us", "0", "1h2m3s"})
        EXPECT_TRUE(check_hosts_toml(cat("dial_timeout = \"", duration, "\"\n"), {.dial_timeout = true}))
            << duration;
    for (const char* no : {"", "s", "2 s", "1..5s", ".s", "5d", "-"})
        EXPECT_FALSE(check_hosts_toml(cat("dial_timeout = \"", no, "\"\n"), {.dial_timeout = true})) << no;
}

TEST(HostsCheck, OlderVersionsDoNotReadEveryKey) {
    EXPECT_TRUE(check_hosts_toml("dial_timeout = 7\n", {})) << "before 2.1 it is no key";
    EXPECT_FALSE(check_hosts_toml("capabilities = [\"referrers\"]\n", {})) << "before 2.2 it is no word";
}

class UsersHostsFile : public Scene {
  public:
    UsersHostsFile() {
        fs.put("/etc/containerd/config.toml", "version = 2\n");
        desired.upstreams = {upstream("docker.io", {chosen("https://a.example")})};
    }
    std::string error(const std::string& text) {
        fs.put(kHub, text);
        return error_of(containerd_hosts());
    }
    const std::string kHub = "/etc/containerd/certs.d/docker.io/hosts.toml";
};

TEST_F(UsersHostsFile, IsRefusedWhereThisContainerdWouldIgnoreIt) {
    const std::string referrers = "[host.\"https://x\"]\ncapabilities = [\"pull\", \"referrers\"]\n";
    auto text = error(referrers);
    EXPECT_TRUE(text.starts_with("unsupported_layout: ")) << text;
    EXPECT_NE(text.find(kHub), std::string::npos) << text;
    node.containerd.version = version("2.2.0");
    EXPECT_EQ(error(referrers), "");
    node.containerd.version.reset();
    EXPECT_EQ(error(referrers), "") << "nobody knows the version: it may be valid";
    const std::string timeout = "[host.\"https://x\"]\ndial_timeout = \"soon\"\n";
    EXPECT_NE(error(timeout), "");
    node.containerd.version = version("1.7.24");
    EXPECT_EQ(error(timeout), "");
    EXPECT_NE(error("[host.\"https://x\"]\nskip_verify = 1\n"), "");
    desired.upstreams[0].mirrors.clear();
    EXPECT_EQ(error("[host.\"https://x\"]\nskip_verify = 1\n"), "")
        << "without mirrors it is the user's business";
}

TEST_F(UsersHostsFile, WithoutAnyHostTableWakesUpBefore20) {
    fs.put(kHub, "server = \"https://corp.example\"\n");
    Scene::apply(containerd_hosts());
    EXPECT_EQ(codes(), std::vector<std::string>{"file_counts_now"});
    Scene::apply(containerd_hosts());
    EXPECT_TRUE(codes().empty()) << "it counts already";
    fs.erase(kHub);
    owned.files.clear();
    fs.put(kHub, "server = \"https://corp.example\"\n");
    node.containerd.version = version("2.0.0");
    Scene::apply(containerd_hosts());
    EXPECT_TRUE(codes().empty()) << "from 2.0 on it counted before";
}

TEST_F(UsersHostsFile, CertificatesBesideItThatCountAreKept) {
    fs.put("/etc/containerd/certs.d/docker.io/corp.crt", "A");
    Scene::apply(containerd_hosts());
    auto values = hosts_toml_codec().read(text_of(kHub)).value();
    EXPECT_EQ(values.at(host_key(kServer, "ca")),
              std::vector<std::string>{"/etc/containerd/certs.d/docker.io/corp.crt"});
}

}  // namespace
}  // namespace mirrorctl::targets::test::hosts_check_test
