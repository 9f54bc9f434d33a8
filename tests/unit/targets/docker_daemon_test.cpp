#include "targets/docker_files.hpp"
#include "targets/entries.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::docker_daemon_test {
namespace {

const std::string kPath = "/etc/docker/daemon.json";

class DockerDaemon : public Scene {
  public:
    DockerDaemon() {
        desired.upstreams = {
            upstream("docker.io", {chosen("https://a.example"), chosen("https://b.example")})};
    }
    void apply() { Scene::apply(docker_daemon()); }
    std::string error() { return error_of(docker_daemon()); }
};

TEST_F(DockerDaemon, CreatesTheFileFromTheTemplateAndTakesItAwayAgain) {
    apply();
    EXPECT_EQ(text_of(kPath),
              "{\n    \"registry-mirrors\": [\n        \"https://a.example\",\n        "
              "\"https://b.example\"\n    ]\n}\n");
    EXPECT_EQ(fs.node(kPath).meta.mode, 0644U);
    EXPECT_EQ(last.files[0].dir_meta.mode, 0755U);
    apply();
    EXPECT_TRUE(changed.empty()) << "a second run writes nothing";
    desired.upstreams[0].mirrors.clear();
    apply();
    EXPECT_EQ(text_of(kPath), "(absent)");
}

// F7: key-level merge; what is not ours keeps its bytes.
TEST_F(DockerDaemon, KeepsEverythingOfTheUser) {
    const std::string lived_in =
        "{\r\n\t\"log-opts\": {\"max-size\": \"10m\"},\r\n\t\"registry-mirrors\": "
        "[\"https://corp.example/\"],\r\n\t\"mtu\": 1450.0\r\n}";
    fs.put(kPath, lived_in, 0600);
    apply();
    auto text = text_of(kPath);
    EXPECT_TRUE(
        text.starts_with("{\r\n\t\"log-opts\": {\"max-size\": \"10m\"},\r\n\t\"registry-mirrors\": ["))
        << text;
    EXPECT_TRUE(text.ends_with("],\r\n\t\"mtu\": 1450.0\r\n}")) << text;
    std::vector<std::string> want{"https://a.example", "https://b.example", "https://corp.example/"};
    EXPECT_EQ(daemon_json_codec().read(text)->at(kRegistryMirrors), want);
    EXPECT_EQ(last.files[0].checks[0].subject, "docker.mirrors");
    EXPECT_EQ(last.files[0].checks[0].expected, want) << "the daemon must have the user's mirrors too";
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kPath), lived_in);
}

TEST_F(DockerDaemon, TheSameMirrorWithASlashStandsOnce) {
    fs.put(kPath,
           "{\"registry-mirrors\": [\"https://u.example\", \"https://a.example/\", \"https://a.example/\"]}");
    apply();
    EXPECT_EQ(daemon_json_codec().read(text_of(kPath))->at(kRegistryMirrors),
              (std::vector<std::string>{"https://a.example/", "https://b.example", "https://u.example"}));
    desired.upstreams.clear();
    apply();
    auto left = daemon_json_codec().read(text_of(kPath))->at(kRegistryMirrors);
    EXPECT_EQ(std::count(left.begin(), left.end(), "https://a.example/"), 1) << "it was the user's before us";
    EXPECT_EQ(std::count(left.begin(), left.end(), "https://b.example"), 0);
}

// F1: the flag, where it stands, and the way out are named; nothing is proposed.
TEST_F(DockerDaemon, RefusesBesideTheFlag) {
    for (const char* flag : {"--registry-mirror=https://x.example", "--registry-mirror https://x.example",
                             "--registry-mirror"}) {
        node.docker.flags = {{"-H=fd://", "/lib/systemd/system/docker.service"},
                             {flag, "/etc/default/docker"}};
        auto text = error();
        EXPECT_TRUE(text.starts_with("conflict: ")) << text;
        for (const char* part :
             {"--registry-mirror", "/etc/default/docker", "/etc/docker/daemon.json", "take the flag out"})
            EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    node.docker.flags = {{"--registry-mirrors-of-others", "x"}};
    EXPECT_EQ(error(), "");
    node.docker.flags = {{"--registry-mirror=https://u:hunter2@x", "x"}};
    EXPECT_EQ(error().find("hunter2"), std::string::npos);
    desired.upstreams.clear();
    EXPECT_EQ(error(), "") << "taking ours out must stay possible";
}

TEST_F(DockerDaemon, BrokenFilesAreRefusedWithFileLineAndColumn) {
    fs.put(kPath, "{\n  \"debug\": true,\n}");
    auto text = error();
    EXPECT_TRUE(text.starts_with("parse: ")) << text;
    EXPECT_NE(text.find("/etc/docker/daemon.json:2:"), std::string::npos) << text;
}

// F26: only Docker Hub.
TEST_F(DockerDaemon, NamesTheRegistriesThatItCannotServe) {
    desired.upstreams.push_back(upstream("ghcr.io", {chosen("https://g.example")}));
    desired.upstreams.push_back(upstream("quay.io", {}));
    apply();
    EXPECT_EQ(text_of(kPath).find("g.example"), std::string::npos);
    ASSERT_TRUE(warned("upstream_not_served"));
    const auto& warning = last.warnings.back();
    EXPECT_NE(warning.message.find("ghcr.io"), std::string::npos);
    EXPECT_EQ(warning.message.find("quay.io"), std::string::npos) << "nothing was to be written for it";
    EXPECT_NE(warning.hint.find("Docker Engine 28"), std::string::npos) << warning.hint;
    EXPECT_TRUE(docker_daemon().serves(node, "docker.io"));
    EXPECT_FALSE(docker_daemon().serves(node, "ghcr.io"));
}

TEST_F(DockerDaemon, FormsThatCannotBeSaidAreReported) {
    desired.upstreams = {
        upstream("docker.io", {chosen("https://p.example/v2/docker.io", true, MirrorForm::prefix),
                               chosen("https://f.example/v2/x", true, MirrorForm::flat),
                               chosen("https://base.example/hub", true, MirrorForm::base)})};
    apply();
    EXPECT_EQ(daemon_json_codec().read(text_of(kPath))->at(kRegistryMirrors),
              std::vector<std::string>{"https://base.example/hub"});
    EXPECT_EQ(codes(), (std::vector<std::string>{"mirror_left_out", "mirror_left_out"}));
    node.docker.version = version("23.0.9");
    apply();
    EXPECT_EQ(text_of(kPath), "(absent)") << "Engine 23 does not start with a path";
    EXPECT_EQ(codes().size(), 3U);
}

TEST_F(DockerDaemon, WhatMayNotResolveStaysOut) {
    desired.upstreams = {
        upstream("docker.io", {chosen("https://pull.example", false), chosen("https://a.example")})};
    apply();
    EXPECT_EQ(text_of(kPath).find("pull.example"), std::string::npos);
    EXPECT_TRUE(warned("mirror_left_out"));
}

// F27 and the version table.
TEST_F(DockerDaemon, ReloadsWhereAReloadWorks) {
    const std::pair<const char*, ActivationKind> cases[] = {
        {"17.03.2", ActivationKind::restart}, {"17.04.0", ActivationKind::reload},
        {"20.10.24", ActivationKind::reload}, {"23.0.0", ActivationKind::restart},
        {"23.0.6", ActivationKind::restart},  {"23.0.7", ActivationKind::reload},
        {"24.0.0", ActivationKind::restart},  {"24.0.1", ActivationKind::reload},
        {"29.1.0", ActivationKind::reload},
    };
    for (const auto& [v, kind] : cases) {
        node.docker.version = version(v);
        auto proposal = propose(docker_daemon());
        ASSERT_TRUE(proposal);
        ASSERT_EQ(proposal->files[0].on_change.size(), 1U);
        EXPECT_EQ(proposal->files[0].on_change[0].kind, kind) << v;
        EXPECT_EQ(proposal->files[0].on_change[0].unit, "docker.service");
        EXPECT_EQ(proposal->files[0].interim_when_removed, (Values{{kRegistryMirrors, {}}}));
    }
}

TEST_F(DockerDaemon, MisspeltKeyIsReportedNotRepaired) {
    fs.put(kPath, "{\"registry-mirror\": [\"https://x\"]}");
    apply();
    EXPECT_TRUE(warned("unknown_key"));
    EXPECT_EQ(last.warnings.front().message.find("will not start"), std::string::npos)
        << "dockerd looks the key up among its flags, and there it is called so";
    EXPECT_NE(text_of(kPath).find("\"registry-mirror\": [\"https://x\"]"), std::string::npos);
}

// F5: one such entry, and dockerd neither starts nor reloads.
TEST_F(DockerDaemon, UsersEntryThatDockerdRefusesIsNamed) {
    for (const char* entry : {"", "m.example", "m.example:5000", "ftp://m.example", "https://m.example?x=1",
                              "https://m.example#x", "https://ann:hunter2@m.example"}) {
        fs.put(kPath, cat("{\"registry-mirrors\": [\"https://corp.example/\", \"", entry, "\"]}"));
        auto text = error();
        EXPECT_TRUE(text.starts_with("unsupported_layout: ")) << entry << ": " << text;
        EXPECT_NE(text.find(kPath), std::string::npos) << text;
        EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    }
    fs.put(kPath, R"({"registry-mirrors": ["https://corp.example/hub", "HTTP://m_x.example:5000/"]})");
    EXPECT_EQ(error(), "");
    node.docker.version = version("23.0.9");
    EXPECT_NE(error().find("Docker Engine 24.0"), std::string::npos);
    node.docker.version.reset();
    EXPECT_EQ(error(), "") << "a version of unknown number may well take the path";
    fs.put(kPath, R"({"registry-mirrors": [""]})");
    desired.upstreams.clear();
    EXPECT_EQ(error(), "") << "taking ours out must stay possible";
}

// F28
TEST_F(DockerDaemon, SaysWhenHostsTomlOutranksIt) {
    const std::string hub = "/etc/docker/certs.d/docker.io/hosts.toml";
    fs.put(hub, "[host.\"https://x\"]\n");
    apply();
    EXPECT_FALSE(warned("mirrors_hidden")) << "Engine 24 does not read it";
    node.docker.version = version("29.0.0");
    apply();
    EXPECT_TRUE(warned("mirrors_hidden"));
    fs.put(hub, "server = \"https://x\"\n");
    apply();
    EXPECT_FALSE(warned("mirrors_hidden")) << "with one host alone dockerd adds those of daemon.json";
    fs.put(hub, "[host.\n");
    apply();
    EXPECT_FALSE(warned("mirrors_hidden")) << "a broken file counts for nothing";
    fs.put("/etc/docker/certs.d/_default/hosts.toml", "[host.\"https://x\"]\n");
    apply();
    EXPECT_FALSE(warned("mirrors_hidden")) << "the directory of docker.io hides _default";
    fs.erase("/etc/docker/certs.d/docker.io");
    apply();
    EXPECT_TRUE(warned("mirrors_hidden"));
    node.docker.live.emplace().containerd_store = false;
    apply();
    EXPECT_FALSE(warned("mirrors_hidden")) << "a storage driver does not look there";
}

TEST_F(DockerDaemon, RefusesBesideHostsFilesOfOurOwn) {
    const TargetPath hub("/etc/docker/certs.d/docker.io/hosts.toml");
    node.docker.version = version("29.0.0");
    fs.put(hub.str(), "[host.\"https://x\"]\n");
    owned.files[hub] = {.target = "docker-hosts", .values = {{"hosts", {"https://x"}}}, .base = {}};
    auto text = error();
    EXPECT_TRUE(text.starts_with("conflict: ")) << text;
    EXPECT_NE(text.find("docker-hosts"), std::string::npos) << text;
    node.docker.version = version("27.0.0");
    EXPECT_EQ(error(), "") << "this one does not read them";
    node.docker.version = version("29.0.0");
    desired.upstreams.clear();
    EXPECT_EQ(error(), "") << "taking ours out must stay possible";
}

TEST_F(DockerDaemon, TakesOursOutWhereDockerHostsServes) {
    fs.put(kPath, "{\"registry-mirrors\": [\"https://corp.example\"]}");
    apply();
    ASSERT_NE(text_of(kPath).find("a.example"), std::string::npos);
    node.docker.version = version("29.0.0");
    EXPECT_EQ(docker_daemon().yields_to(node), "docker-hosts");
    EXPECT_FALSE(docker_daemon().detect(node).detected);
    yields = true;
    apply();
    EXPECT_EQ(text_of(kPath), "{\"registry-mirrors\": [\"https://corp.example\"]}");
    EXPECT_EQ(last.files[0].interim_when_removed, (Values{{kRegistryMirrors, {}}}));
    ASSERT_EQ(codes(), std::vector<std::string>{"mirrors_hidden"});
    EXPECT_NE(last.warnings[0].message.find("https://corp.example"), std::string::npos);
    apply();
    EXPECT_TRUE(changed.empty());
    fs.erase(kPath);
    apply();
    EXPECT_TRUE(codes().empty()) << "nothing of the user's is hidden";
    EXPECT_EQ(text_of(kPath), "(absent)");
}

// F26: the way out that the warning names is the one that this Engine has.
TEST_F(DockerDaemon, SaysHowOtherRegistriesCanBeServed) {
    desired.upstreams.push_back(upstream("ghcr.io", {chosen("https://g.example")}));
    const std::pair<const char*, const char*> cases[] = {
        {"26.1.5", "install Docker Engine 28"},
        {"28.0.0", "features.containerd-snapshotter"},
        {"29.0.0", "--target docker-hosts"},
    };
    for (const auto& [v, way] : cases) {
        node.docker.version = version(v);
        apply();
        ASSERT_EQ(last.warnings.back().code, "upstream_not_served") << v;
        EXPECT_NE(last.warnings.back().hint.find(way), std::string::npos) << v << last.warnings.back().hint;
    }
    node.docker.version = version("28.0.0");
    node.docker.store.feature = true;
    node.docker.live.emplace().containerd_store = false;
    apply();
    EXPECT_NE(last.warnings.back().hint.find("restart docker"), std::string::npos)
        << last.warnings.back().hint;
}

TEST_F(DockerDaemon, LeavesTheFileWhenDockerIoIsOutOfScope) {
    apply();
    auto before = text_of(kPath);
    desired.upstreams.clear();
    desired.untouched = {"docker.io"};
    apply();
    EXPECT_EQ(text_of(kPath), before);
    EXPECT_EQ(last.leave, std::vector<TargetPath>{TargetPath(kPath)});
}

TEST_F(DockerDaemon, FilesWithCredentialsAreSecret) {
    fs.put(kPath, "{\"proxies\": {\"http-proxy\": \"http://u:pw@p:1\"}}");
    EXPECT_TRUE(propose(docker_daemon())->files[0].secret);
    fs.put(kPath, "{\"authorization-plugins\": []}");
    EXPECT_FALSE(propose(docker_daemon())->files[0].secret);
}

TEST_F(DockerDaemon, Catalogue) {
    node.docker.config_file = TargetPath("/data/daemon.json");
    EXPECT_EQ(docker_daemon().codec_for(node, TargetPath("/data/daemon.json")), &daemon_json_codec());
    EXPECT_EQ(docker_daemon().codec_for(node, TargetPath(kPath)), nullptr);
    EXPECT_TRUE(docker_daemon().survey(node, fs).empty());
    EXPECT_TRUE(docker_daemon().detect(node).detected);
    node.docker.installed = false;
    EXPECT_FALSE(docker_daemon().detect(node).detected);
    EXPECT_EQ(find_target("docker-daemon"), &docker_daemon());
    EXPECT_EQ(find_target("nope"), nullptr);
    EXPECT_EQ(catalog().size(), 6U);
}

}  // namespace
}  // namespace mirrorctl::targets::test::docker_daemon_test
