#include "targets/docker_store.hpp"
#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::docker_hosts_test {
namespace {

const std::string kHub = "/etc/docker/certs.d/docker.io/hosts.toml";
const std::string kGhcr = "/etc/docker/certs.d/ghcr.io/hosts.toml";

class DockerHosts : public Scene {
  public:
    DockerHosts() {
        node.docker.version = version("28.3.2");
        node.docker.store.feature = true;
        desired.upstreams = {
            upstream("docker.io", {chosen("https://a.example"), chosen("https://b.example", false)}),
            upstream("ghcr.io", {chosen("https://g.example/v2/ghcr", true, MirrorForm::prefix)})};
    }
    void apply() { Scene::apply(docker_hosts()); }
    std::string error() { return error_of(docker_hosts()); }
    Values values_of(const std::string& path) { return hosts_toml_codec().read(text_of(path)).value(); }
};

TEST(ImageStore, WhatTheRunningDockerdSaysCountsFirst) {
    DockerFacts docker{.installed = true, .version = version("28.3.2"), .live = DockerLive{}};
    docker.store.feature = true;
    EXPECT_FALSE(reads_certs_d(docker)) << "switched on, but not restarted yet";
    docker.store.feature = false;
    docker.live->containerd_store = true;
    EXPECT_TRUE(reads_certs_d(docker));
}

struct StoreCase {
    const char* about;
    const char* version;
    DockerStoreFacts store;
    bool containerd;
};

TEST(ImageStore, WhatDockerdChoosesWhenItStarts) {
    const StoreCase cases[] = {
        {"off by default before 29", "28.5.2", {}, false},
        {"switched on", "28.0.0", {.feature = true}, true},
        {"default from 29 on", "29.0.0", {}, true},
        {"switched off", "29.0.0", {.feature = false}, false},
        {"data of a driver keeps the driver", "29.0.0", {.prior_driver = "overlay2"}, false},
        {"unless switched on", "29.0.0", {.feature = true, .prior_driver = "overlay2"}, true},
        {"a driver of its own", "29.0.0", {.driver = "btrfs"}, false},
        {"a snapshotter of containerd", "29.0.0", {.driver = "stargz"}, true},
        {"userns-remap rules it out", "29.0.0", {.userns_remap = true}, false},
        {"nobody knows the version", "", {}, false},
    };
    for (const auto& c : cases) {
        DockerFacts docker{.installed = true, .version = Version::parse(c.version), .store = c.store};
        EXPECT_EQ(image_store(docker).containerd, c.containerd) << c.about;
        EXPECT_FALSE(image_store(docker).reason.empty()) << c.about;
    }
}

TEST(ImageStore, HostsFilesNeedEngine28AndNoSnap) {
    DockerFacts docker{.installed = true, .version = version("28.0.0"), .store = {.feature = true}};
    EXPECT_TRUE(reads_certs_d(docker));
    docker.version = version("27.5.1");
    EXPECT_FALSE(reads_certs_d(docker));
    docker.version.reset();
    EXPECT_FALSE(reads_certs_d(docker)) << "daemon.json is read by every Engine";
    docker.version = version("28.0.0");
    docker.variant = "snap";
    EXPECT_FALSE(reads_certs_d(docker));
    docker.variant = "rootful";
    docker.installed = false;
    EXPECT_FALSE(reads_certs_d(docker));
}

TEST_F(DockerHosts, GivesEveryRegistryItsFileAndNothingIsRestarted) {
    apply();
    auto text = text_of(kHub);
    EXPECT_TRUE(text.starts_with("# Managed by mirrorctl")) << text;
    EXPECT_NE(text.find("# dockerd reads it on every pull"), std::string::npos) << text;
    EXPECT_EQ(text.substr(text.find("server = ")),
              "server = \"https://registry-1.docker.io\"\n\n[host.\"https://a.example\"]\ncapabilities = "
              "[\"pull\", \"resolve\"]\n\n[host.\"https://b.example\"]\ncapabilities = [\"pull\"]\n");
    EXPECT_EQ(values_of(kGhcr).at(host_key("https://g.example/v2/ghcr", "override_path")),
              std::vector<std::string>{"true"});
    EXPECT_EQ(text_of("/etc/docker/daemon.json"), "(absent)");
    EXPECT_EQ(text_of("/etc/containerd/certs.d/docker.io/hosts.toml"), "(absent)");
    for (const auto& intent : last.files) EXPECT_TRUE(intent.on_change.empty() && intent.checks.empty());
    EXPECT_TRUE(codes().empty());
    apply();
    EXPECT_TRUE(changed.empty());
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kHub) + text_of(kGhcr), "(absent)(absent)");
}

TEST_F(DockerHosts, KeysThatTheLibraryOfEngine28DoesNotKnowStayOut) {
    apply();
    auto text = text_of(kHub) + text_of(kGhcr);
    for (const char* word : {"dial_timeout", "referrers", "push"})
        EXPECT_EQ(text.find(word), std::string::npos) << word;
    EXPECT_FALSE(values_of(kHub).contains(host_key(kServer, "capabilities"))) << "pushing stays possible";
}

TEST_F(DockerHosts, OneOfBothFilesHoldsTheMirrors) {
    EXPECT_TRUE(docker_hosts().detect(node).detected);
    EXPECT_EQ(docker_hosts().yields_to(node), "");
    EXPECT_TRUE(docker_hosts().serves(node, "ghcr.io"));
    node.docker.store.feature.reset();
    EXPECT_FALSE(docker_hosts().detect(node).detected);
    EXPECT_EQ(docker_hosts().yields_to(node), "docker-daemon");
    EXPECT_EQ(docker_daemon().yields_to(node), "");
    EXPECT_TRUE(docker_daemon().detect(node).detected);
}

TEST_F(DockerHosts, TakesItsFilesOutWhenDaemonJsonIsBack) {
    fs.put("/etc/docker/certs.d/mine.example/hosts.toml", "[host.\"https://x\"]\n");
    apply();
    yields = true;
    desired.upstreams.pop_back();
    desired.untouched = {"ghcr.io"};  // daemon.json cannot serve it, so it is out of the run's scope
    apply();
    EXPECT_EQ(text_of(kHub) + text_of(kGhcr), "(absent)(absent)");
    EXPECT_EQ(text_of("/etc/docker/certs.d/mine.example/hosts.toml"), "[host.\"https://x\"]\n");
}

TEST_F(DockerHosts, LeavesDockerIoWhereTheRunIsAboutOthers) {
    apply();
    auto before = text_of(kHub);
    yields = true;
    desired.upstreams.clear();
    desired.untouched = {"docker.io", "ghcr.io"};
    apply();
    EXPECT_EQ(text_of(kHub), before) << "daemon.json is left as it is in this run too";
    EXPECT_EQ(text_of(kGhcr), "(absent)");
}

TEST_F(DockerHosts, AnEngineThatDoesNotReadItRefuses) {
    node.docker.version = version("26.1.5+dfsg1");
    auto text = error();
    EXPECT_TRUE(text.starts_with("conflict: ")) << text;
    EXPECT_NE(text.find("dockerd 26.1.5+dfsg1 does not read it"), std::string::npos) << text;
    EXPECT_FALSE(docker_hosts().serves(node, "docker.io"));
    desired.upstreams.clear();
    EXPECT_EQ(error(), "") << "taking ours out must stay possible";
    desired.untouched = {"docker.io"};
    EXPECT_TRUE(error().starts_with("conflict: ")) << "no registry is in scope, because it serves none";
    node.docker.version = version("28.0.0");
    node.docker.variant = "snap";
    EXPECT_NE(error().find("snap"), std::string::npos);
}

TEST_F(DockerHosts, WrittenBeforeDockerIsInstalled) {
    node.docker = {.installed = false, .variant = "none"};
    EXPECT_FALSE(docker_hosts().detect(node).detected);
    EXPECT_TRUE(docker_hosts().serves(node, "ghcr.io"));
    forced = true;
    apply();
    EXPECT_NE(text_of(kGhcr), "(absent)");
    EXPECT_TRUE(codes().empty());
}

TEST_F(DockerHosts, SaysWhenPullsDoNotReadIt) {
    node.docker.store.feature = false;
    forced = true;
    apply();
    EXPECT_EQ(codes(), std::vector<std::string>{"no_reader"});
    EXPECT_NE(text_of(kHub), "(absent)");
}

TEST_F(DockerHosts, TheUsersFileIsMergedAndItsDirectoryStays) {
    const std::string lived_in = "server = \"https://corp.example\"\n\n[host.\"https://corp.example\"]\n";
    fs.put(kHub, lived_in, 0600);
    fs.put("/etc/docker/certs.d/docker.io/client.cert", "C");
    fs.put("/etc/docker/certs.d/docker.io/client.key", "K");
    apply();
    EXPECT_EQ(values_of(kHub).at(kHosts),
              (std::vector<std::string>{"https://a.example", "https://b.example", "https://corp.example"}));
    EXPECT_FALSE(warned("client_certificates")) << "beside a hosts.toml they did not count before either";
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kHub), lived_in);
    EXPECT_EQ(text_of("/etc/docker/certs.d/docker.io/client.key"), "K");
}

TEST_F(DockerHosts, AuthoritiesBesideANewFileBecomeItsCa) {
    fs.put("/etc/docker/certs.d/ghcr.io/a.crt", "A");
    fs.put("/etc/docker/certs.d/ghcr.io/b.crt", "B");
    apply();
    EXPECT_EQ(
        values_of(kGhcr).at(host_key(kServer, "ca")),
        (std::vector<std::string>{"/etc/docker/certs.d/ghcr.io/a.crt", "/etc/docker/certs.d/ghcr.io/b.crt"}));
    EXPECT_TRUE(docker_hosts().is_marked(text_of(kGhcr)));
    apply();
    EXPECT_TRUE(changed.empty());
    fs.erase("/etc/docker/certs.d/ghcr.io/b.crt");
    apply();
    EXPECT_EQ(values_of(kGhcr).at(host_key(kServer, "ca")),
              std::vector<std::string>{"/etc/docker/certs.d/ghcr.io/a.crt"});
    desired.upstreams[1].origin = parse_url("http://ghcr.io").value();
    apply();
    EXPECT_FALSE(values_of(kGhcr).contains(host_key(kServer, "ca"))) << "TLS keys never go to plain http";
}

TEST_F(DockerHosts, ClientCertificatesWouldBeHiddenSoTheRegistryIsLeftOut) {
    fs.put("/etc/docker/certs.d/ghcr.io/client.cert", "C");
    apply();
    EXPECT_EQ(text_of(kGhcr), "(absent)");
    EXPECT_NE(text_of(kHub), "(absent)");
    EXPECT_EQ(codes(), std::vector<std::string>{"client_certificates"});
}

TEST_F(DockerHosts, InsecureRegistriesWouldNoLongerCountSoTheyAreLeftOut) {
    node.docker.flags = {{"--insecure-registry=quay.io", "docker.service"}};
    fs.put("/etc/docker/daemon.json", "{\"insecure-registries\": [\"ghcr.io\", \"10.0.0.0/8\"]}");
    auto address = upstream("10.1.1.1:5000", {chosen("https://m.example")});
    desired.upstreams.push_back(address);
    desired.upstreams.push_back(upstream("quay.io", {chosen("https://q.example")}));
    apply();
    EXPECT_EQ(codes(), std::vector<std::string>(3, "insecure_hidden"));
    EXPECT_EQ(changed, std::vector<std::string>{kHub});
    desired.upstreams[1].origin = parse_url("http://ghcr.io").value();
    desired.upstreams[2].fallback = Fallback::none;
    apply();
    EXPECT_EQ(codes(), std::vector<std::string>{"insecure_hidden"})
        << "plain http says so itself; no origin, no loss";
    EXPECT_EQ(values_of(kGhcr).at(kServer), std::vector<std::string>{"http://ghcr.io"});
}

TEST_F(DockerHosts, ADefaultOfTheUserIsNamed) {
    fs.put("/etc/docker/certs.d/_default/hosts.toml", "[host.\"https://all.example\"]\n");
    apply();
    ASSERT_EQ(codes(), std::vector<std::string>{"default_hidden"});
    EXPECT_NE(last.warnings[0].message.find("docker.io, ghcr.io"), std::string::npos)
        << last.warnings[0].message;
    EXPECT_EQ(text_of("/etc/docker/certs.d/_default/hosts.toml"), "[host.\"https://all.example\"]\n");
}

TEST_F(DockerHosts, LeftoversOfALostStateAreFoundByTheirHeader) {
    apply();
    owned.files.clear();
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kHub) + text_of(kGhcr), "(absent)(absent)");
}

TEST_F(DockerHosts, Catalogue) {
    EXPECT_EQ(find_target("docker-hosts"), &docker_hosts());
    EXPECT_EQ(docker_hosts().codec_for(node, TargetPath(kHub)), &hosts_toml_codec());
    for (const char* path : {"/etc/docker/certs.d/hosts.toml", "/etc/docker/certs.d/docker.io/ca.crt",
                             "/etc/docker/certs.d/a/b/hosts.toml", "/etc/docker/certs.d/../hosts.toml",
                             "/etc/containerd/certs.d/docker.io/hosts.toml", "/etc/docker/daemon.json"})
        EXPECT_EQ(docker_hosts().codec_for(node, TargetPath(path)), nullptr) << path;
    EXPECT_EQ(docker_hosts().upstream_of(TargetPath("/etc/docker/certs.d/r.example:5000/hosts.toml")),
              "r.example:5000");
    apply();
    EXPECT_EQ(docker_hosts().survey(node, fs),
              (std::vector<TargetPath>{TargetPath(kHub), TargetPath(kGhcr)}));
    EXPECT_EQ(docker_hosts().live_checks(node, TargetPath(kHub), {}).at(0).subject,
              "docker.containerd_store");
}

}  // namespace
}  // namespace mirrorctl::targets::test::docker_hosts_test
