#include "targets/config_toml.hpp"
#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::containerd_hosts_test {
namespace {

const std::string kHub = "/etc/containerd/certs.d/docker.io/hosts.toml";
const std::string kConfig = "/etc/containerd/config.toml";

class ContainerdHosts : public Scene {
  public:
    ContainerdHosts() {
        fs.put(kConfig, "version = 2\n");
        desired.upstreams = {
            upstream("docker.io", {chosen("https://a.example"), chosen("https://b.example", false)})};
    }
    void apply() { Scene::apply(containerd_hosts()); }
    std::string error() { return error_of(containerd_hosts()); }
    Values hub() { return hosts_toml_codec().read(text_of(kHub)).value(); }
};

std::string body(const std::string& text) {
    return text.substr(text.find("server = "));
}

TEST_F(ContainerdHosts, WritesTheMirrorsInRankOrder) {
    apply();
    auto text = text_of(kHub);
    EXPECT_TRUE(text.starts_with("# Managed by mirrorctl"));
    EXPECT_EQ(body(text),
              "server = \"https://registry-1.docker.io\"\n\n[host.\"https://a.example\"]\ncapabilities = "
              "[\"pull\", \"resolve\"]\n\n"
              "[host.\"https://b.example\"]\ncapabilities = [\"pull\"]\n");
    EXPECT_EQ(fs.node(kHub).meta.mode, 0644U);
    EXPECT_EQ(text_of(kConfig),
              "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
              "\"/etc/containerd/certs.d\"\n");
    EXPECT_EQ(last.files.back().path.str(), kConfig) << "the switch is written last";
    EXPECT_TRUE(containerd_hosts().is_marked(text));
    apply();
    EXPECT_TRUE(changed.empty());
}

TEST_F(ContainerdHosts, OnlyTheSwitchNeedsARestart) {
    node.containerd.unit.kill_mode = "process";
    apply();
    EXPECT_TRUE(intent_for(kHub)->on_change.empty()) << "hosts.toml is read on every pull";
    const auto* config = intent_for(kConfig);
    ASSERT_EQ(config->on_change.size(), 1U);
    EXPECT_EQ(config->on_change[0].kind, ActivationKind::restart) << "SIGHUP ends containerd";
    EXPECT_EQ(config->on_change[0].unit, "containerd.service");
    EXPECT_NE(config->on_change[0].reason.find("KillMode=process"), std::string::npos);
    ASSERT_EQ(config->checks.size(), 2U);
    EXPECT_EQ(config->checks[0], (Check{"containerd.config_path", {"/etc/containerd/certs.d"}}));
    EXPECT_EQ(config->checks[1], (Check{"containerd.cri", {}}));
}

// F19: form by form.
TEST_F(ContainerdHosts, PathsAreSpelledAsContainerdJoinsThem) {
    desired.keep = 9;
    desired.upstreams = {upstream("gcr.io", {chosen("https://m.example/v2/gcr.io", true, MirrorForm::prefix),
                                             chosen("https://f.example/v2/google", true, MirrorForm::flat),
                                             chosen("https://base.example/x", true, MirrorForm::base),
                                             chosen("https://host.example")})};
    apply();
    auto values = hosts_toml_codec().read(text_of("/etc/containerd/certs.d/gcr.io/hosts.toml")).value();
    EXPECT_EQ(values[kHosts],
              (std::vector<std::string>{"https://m.example/v2/gcr.io", "https://f.example/v2/google",
                                        "https://base.example/x", "https://host.example"}));
    for (const char* verbatim : {"https://m.example/v2/gcr.io", "https://f.example/v2/google"})
        EXPECT_EQ(values[host_key(verbatim, "override_path")], std::vector<std::string>{"true"});
    for (const char* appended : {"https://base.example/x", "https://host.example"})
        EXPECT_FALSE(values.contains(host_key(appended, "override_path")));
    EXPECT_EQ(values[kServer], std::vector<std::string>{"https://gcr.io"});
}

TEST_F(ContainerdHosts, KeysThatTheVersionDoesNotKnowStayOut) {
    for (const char* v : {"1.5.0", "1.7.24", "2.0.5", "2.1.0", "2.2.3", "2.3.0"}) {
        node.containerd.version = version(v);
        fs.erase(kHub);
        apply();
        EXPECT_EQ(hub().contains(host_key("https://a.example", "dial_timeout")),
                  *node.containerd.version >= version("2.1.0"))
            << v;
        EXPECT_EQ(text_of(kHub).find("referrers"), std::string::npos);
        EXPECT_EQ(text_of(kHub).find("push"), std::string::npos);
    }
    node.containerd.version.reset();
    fs.erase(kHub);
    apply();
    EXPECT_FALSE(hub().contains(host_key("https://a.example", "dial_timeout")));
    node.containerd.version = version("1.4.13");
    EXPECT_TRUE(error().starts_with("conflict: "));
    EXPECT_FALSE(containerd_hosts().serves(node, "docker.io"));
}

TEST_F(ContainerdHosts, TlsKeysNeverGoToPlainHttp) {
    auto plain = chosen("http://10.0.0.1:5000");
    plain.mirror.insecure = true;
    plain.mirror.ca = "/etc/ca.pem";
    auto tls = chosen("https://h.example");
    tls.mirror.ca = "/etc/ca.pem";
    desired.upstreams = {upstream("docker.io", {plain, tls})};
    apply();
    EXPECT_EQ(body(text_of(kHub)),
              "server = \"https://registry-1.docker.io\"\n\n[host.\"http://10.0.0.1:5000\"]\ncapabilities = "
              "[\"pull\", \"resolve\"]\n\n"
              "[host.\"https://h.example\"]\ncapabilities = [\"pull\", \"resolve\"]\nca = \"/etc/ca.pem\"\n");
}

TEST_F(ContainerdHosts, WithoutFallbackTheLastMirrorIsTheServer) {
    desired.upstreams = {upstream(
        "docker.io",
        {chosen("https://a.example"), chosen("https://h.example/v2/hub", true, MirrorForm::prefix)})};
    desired.upstreams[0].fallback = Fallback::none;
    apply();
    auto values = hub();
    EXPECT_EQ(values[kServer], std::vector<std::string>{"https://h.example/v2/hub"});
    EXPECT_EQ(values["server override_path"], std::vector<std::string>{"true"});
    EXPECT_EQ(values["server capabilities"], (std::vector<std::string>{"pull", "resolve"}))
        << "without it the server may be pushed to";
    EXPECT_EQ(values[kHosts].size(), 2U) << "before 2.0 a file without hosts is rejected";
    EXPECT_EQ(text_of(kHub).find("registry-1.docker.io"), std::string::npos);
}

TEST_F(ContainerdHosts, DirectoriesOfRegistriesWithAPort) {
    const std::string ported = "/etc/containerd/certs.d/r.example_5000_/hosts.toml";
    const std::string colon = "/etc/containerd/certs.d/r.example:5000/hosts.toml";
    desired.upstreams = {upstream("r.example:5000", {chosen("https://a.example")})};
    apply();
    EXPECT_NE(text_of(ported), "(absent)");
    EXPECT_EQ(containerd_hosts().upstream_of(TargetPath(ported)), "r.example:5000");
    EXPECT_EQ(containerd_hosts().upstream_of(TargetPath(colon)), "r.example:5000");
    EXPECT_EQ(containerd_hosts().upstream_of(TargetPath(kHub)), "docker.io");
    fs.erase("/etc/containerd/certs.d/r.example_5000_");
    owned.files.clear();
    fs.put_dir("/etc/containerd/certs.d/r.example:5000");
    apply();
    EXPECT_NE(text_of(colon), "(absent)");
    EXPECT_EQ(text_of(ported), "(absent)") << "containerd would look there first";
}

TEST_F(ContainerdHosts, TheUsersHostsStayBehindOurs) {
    const std::string lived_in =
        "# corp, do not touch\nserver = \"https://corp.example\"\n\n[host.\"https://corp.example\"]\n  "
        "capabilities = [\"pull\", \"resolve\", \"push\"]\n"
        "  ca = [\"/etc/corp.pem\"]\n  client = [[\"/c.pem\", \"/k.pem\"]]\n  "
        "[host.\"https://corp.example\".header]\n    authorization = \"Basic dTpw\"\n";
    fs.put(kHub, lived_in, 0600);
    apply();
    auto text = text_of(kHub);
    EXPECT_EQ(hub()[kHosts],
              (std::vector<std::string>{"https://a.example", "https://b.example", "https://corp.example"}));
    EXPECT_TRUE(text.starts_with("# corp, do not touch\nserver = \"https://corp.example\"\n")) << text;
    EXPECT_TRUE(text.ends_with(lived_in.substr(lived_in.find("[host.")))) << text;
    EXPECT_TRUE(intent_for(kHub)->secret) << "a header may be a credential";
    EXPECT_FALSE(intent_for(kHub)->whole);
    apply();
    EXPECT_TRUE(changed.empty());
    desired.upstreams[0].mirrors.clear();
    apply();
    EXPECT_EQ(text_of(kHub), lived_in);
}

TEST_F(ContainerdHosts, TheUsersTableOfTheSameMirrorStaysAsItIs) {
    fs.put(kHub,
           "[host.\"https://other.example\"]\n\n[host.\"https://a.example/\"]\n  capabilities = [\"pull\"]\n "
           " skip_verify = true\n");
    apply();
    auto values = hub();
    EXPECT_EQ(values[kHosts],
              (std::vector<std::string>{"https://a.example/", "https://b.example", "https://other.example"}));
    EXPECT_EQ(values[host_key("https://a.example/", "capabilities")], std::vector<std::string>{"pull"});
    EXPECT_NE(text_of(kHub).find("skip_verify = true"), std::string::npos);
}

// F20
TEST_F(ContainerdHosts, AServerThatIsAWebPageIsReplaced) {
    fs.put(kHub, "server = \"https://docker.io\"\n");
    apply();
    EXPECT_EQ(hub()[kServer], std::vector<std::string>{"https://registry-1.docker.io"});
    EXPECT_TRUE(warned("server_replaced"));
}

// F18
TEST_F(ContainerdHosts, AFileThatContainerdIgnoresIsRefused) {
    fs.put(kHub, "[host.\"a\"]\n[host.\"a\"]\n");
    auto text = error();
    EXPECT_TRUE(text.starts_with("parse: ")) << text;
    EXPECT_NE(text.find(kHub + ":2:"), std::string::npos) << text;
}

TEST_F(ContainerdHosts, RegistriesThatAreNotWantedAnyMoreGo) {
    desired.upstreams.push_back(upstream("ghcr.io", {chosen("https://g.example")}));
    desired.upstreams.push_back(upstream("quay.io", {chosen("https://q.example")}));
    apply();
    desired.upstreams.pop_back();
    desired.upstreams.pop_back();
    desired.untouched = {"quay.io"};
    fs.put("/etc/containerd/certs.d/mine.example/hosts.toml", "[host.\"https://x\"]\n");
    apply();
    EXPECT_EQ(text_of("/etc/containerd/certs.d/ghcr.io/hosts.toml"), "(absent)");
    EXPECT_NE(text_of("/etc/containerd/certs.d/quay.io/hosts.toml"), "(absent)");
    EXPECT_EQ(text_of("/etc/containerd/certs.d/mine.example/hosts.toml"), "[host.\"https://x\"]\n");
    EXPECT_EQ(changed, std::vector<std::string>{"/etc/containerd/certs.d/ghcr.io/hosts.toml"});
}

TEST_F(ContainerdHosts, LeftoversOfALostStateAreFoundByTheirHeader) {
    desired.upstreams.push_back(upstream("ghcr.io", {chosen("https://g.example")}));
    apply();
    owned.files.clear();
    desired.upstreams.pop_back();
    apply();
    EXPECT_EQ(text_of("/etc/containerd/certs.d/ghcr.io/hosts.toml"), "(absent)");
}

TEST_F(ContainerdHosts, TheSwitchStaysWhileTheRunIsAboutMirrors) {
    apply();
    auto config = text_of(kConfig);
    desired.upstreams[0].mirrors.clear();
    apply();
    EXPECT_EQ(text_of(kHub), "(absent)");
    EXPECT_EQ(text_of(kConfig), config) << "turning it off would cost a restart and win nothing";
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(config_toml_codec().read(text_of(kConfig)).value(), Values{});
}

TEST_F(ContainerdHosts, OthersWhoOwnTheDirectoryAreNotFought) {
    fs.put_dir("/etc/containerd/certs.d/_backup");
    EXPECT_NE(error().find("Spegel"), std::string::npos) << error();
    fs.erase("/etc/containerd/certs.d/_backup");
    node.containerd.managed_by_k3s = true;
    EXPECT_NE(error().find("registries.yaml"), std::string::npos) << error();
    EXPECT_FALSE(containerd_hosts().detect(node).detected);
    desired.upstreams.clear();
    EXPECT_EQ(error(), "");
}

TEST_F(ContainerdHosts, CatalogueKnowsHostsFilesBelowEtcOnly) {
    for (const char* path : {"/etc/containerd/certs.d/docker.io/hosts.toml",
                             "/etc/corp/certs/x_5_/hosts.toml", "/etc/containerd/config.toml"})
        EXPECT_NE(containerd_hosts().codec_for(node, TargetPath(path)), nullptr) << path;
    for (const char* path :
         {"/etc/docker/certs.d/docker.io/hosts.toml", "/etc/hosts.toml", "/etc/a/hosts.toml",
          "/root/a/b/hosts.toml", "/etc/containerd/../../root/x/hosts.toml",
          "/etc/containerd/certs.d/docker.io/ca.crt", "/etc/passwd"})
        EXPECT_EQ(containerd_hosts().codec_for(node, TargetPath(path)), nullptr) << path;
}

}  // namespace
}  // namespace mirrorctl::targets::test::containerd_hosts_test
