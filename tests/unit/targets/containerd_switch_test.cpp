// config_path: at the right table, only where it can work, and never beside what would take the CRI plugin
// down.
#include "targets/containerd_switch.hpp"

#include "targets/config_toml.hpp"
#include "targets/entries.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::containerd_switch_test {
namespace {

const std::string kHub = "/etc/containerd/certs.d/docker.io/hosts.toml";
const std::string kConfig = "/etc/containerd/config.toml";

class Switch : public Scene {
  public:
    Switch() { desired.upstreams = {upstream("docker.io", {chosen("https://a.example")})}; }
    void apply() { Scene::apply(containerd_hosts()); }
    std::string error() { return error_of(containerd_hosts()); }
    void config(const std::string& text) { fs.put(kConfig, text); }
};

TEST_F(Switch, TheRightTableForEveryConfigVersion) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "[plugins.cri.registry]\nconfig_path"},
        {"version = 1\n", "[plugins.cri.registry]\nconfig_path"},
        {"version = 2\n", "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path"},
        {"version = 3\n", "[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path"},
        {"version = 4\n", "[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path"},
    };
    for (const auto& [text, table] : cases) {
        config(text);
        owned.files.clear();
        apply();
        EXPECT_NE(text_of(kConfig).find(table), std::string::npos) << text_of(kConfig);
    }
    config("version = 5\n");
    EXPECT_TRUE(error().starts_with("unsupported_layout")) << error();
}

// F8: comments, order, runtimes: everything stays.
TEST_F(Switch, KeepsTheRestOfTheFile) {
    const std::string before =
        "# node 7\nversion = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"pause:3.9\" # "
        "pinned\n\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n    config_path = \"\" # not yet\n\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors]\n\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia]\n    runtime_type = "
        "\"io.containerd.runc.v2\"\n";
    config(before);
    apply();
    EXPECT_EQ(text_of(kConfig),
              replace_all(before, "config_path = \"\" #", "config_path = \"/etc/containerd/certs.d\" #"));
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kConfig), before);
}

TEST_F(Switch, NeverMadeBeforeContainerdIsInstalled) {
    node.containerd.installed = false;
    forced = true;
    apply();
    EXPECT_NE(text_of(kHub), "(absent)");
    EXPECT_EQ(text_of(kConfig), "(absent)");
    ASSERT_EQ(last.pending.size(), 1U);
    EXPECT_EQ(last.pending[0].unit, "containerd.service");
    EXPECT_EQ(last.pending[0].kind, ActivationKind::restart);
    node.containerd.installed = true;
    config("version = 2\n");
    apply();
    EXPECT_TRUE(last.pending.empty());
    EXPECT_NE(text_of(kConfig).find("config_path"), std::string::npos);
}

TEST_F(Switch, MadeFromTheTemplateWhereContainerdRunsWithItsDefaults) {
    const std::pair<const char*, const char*> cases[] = {
        {"1.7.24", "version = 2\n"}, {"2.0.0", "version = 3\n"}, {"2.3.1", "version = 3\n"}};
    for (const auto& [v, line] : cases) {
        node.containerd.version = version(v);
        fs.erase(kConfig);
        owned.files.clear();
        apply();
        EXPECT_NE(text_of(kConfig).find(line), std::string::npos) << text_of(kConfig);
        EXPECT_TRUE(containerd_hosts().is_marked(text_of(kConfig)));
        EXPECT_FALSE(containerd_hosts().is_marked(text_of(kConfig) + "oom_score = 1\n"));
    }
    desired.upstreams.clear();
    apply();
    EXPECT_EQ(text_of(kConfig), "(absent)");
}

// F15
TEST_F(Switch, LegacyMirrorsAreRefusedWithTheWayOut) {
    const std::pair<const char*, const char*> cases[] = {
        {"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
         "[\"https://x\"]\n",
         "registry.mirrors.\"docker.io\""},
        {"version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry.mirrors.\"quay.io\"]\nendpoint = "
         "[\"https://x\"]\n",
         "registry.mirrors.\"quay.io\""},
        {"[plugins.cri.registry.mirrors.\"docker.io\"]\nendpoint = [\"https://x\"]\n",
         "registry.mirrors.\"docker.io\""},
        {"version = "
         "2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"r.example\".tls]\ninsecure_skip_"
         "verify = true\n",
         "registry.configs.\"r.example\".tls"},
    };
    for (const auto& [text, named] : cases) {
        config(text);
        auto refusal = error();
        EXPECT_TRUE(refusal.starts_with("conflict: ")) << refusal;
        for (const std::string& part : {std::string(named), kConfig, std::string("hosts.toml")})
            EXPECT_NE(refusal.find(part), std::string::npos) << refusal;
    }
    config(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"r.example\".auth]\nusername "
        "= \"u\"\npassword = \"hunter2\"\n");
    apply();
    EXPECT_NE(text_of(kConfig).find("hunter2"), std::string::npos) << "auth is never moved or deleted";
    EXPECT_TRUE(intent_for(kConfig)->secret);
    node.containerd.dump =
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
        "[\"https://x\"]\n";
    EXPECT_NE(error().find("containerd config dump"), std::string::npos)
        << "the merged configuration decides, not the file";
}

// F16
TEST_F(Switch, AColonListIsRefusedFrom21OnWhereItIsTakenForOneDirectory) {
    const std::string list =
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
        "\"/etc/containerd/certs.d:/etc/docker/certs.d\"\n";
    for (const char* v : {"2.1.0", "2.2.3", ""}) {
        config(list);
        node.containerd.version = Version::parse(v);
        auto refusal = error();
        EXPECT_TRUE(refusal.starts_with("conflict: ")) << v;
        EXPECT_NE(refusal.find("one directory"), std::string::npos) << refusal;
    }
    node.containerd.version = version("2.0.5");
    apply();
    EXPECT_EQ(text_of(kConfig), list);
    EXPECT_NE(text_of(kHub), "(absent)");
    EXPECT_TRUE(codes().empty());
    config(replace_all(list, "/etc/containerd/certs.d:/etc/docker/certs.d",
                       "/etc/corp/certs.d:/etc/containerd/certs.d"));
    apply();
    EXPECT_TRUE(warned("directory_hidden"));
}

TEST_F(Switch, AColonListInAnImportedFileIsRefusedToo) {
    config("version = 3\nimports = [\"site.toml\"]\n");
    node.containerd.version = version("2.2.3");
    fs.put("/etc/containerd/site.toml",
           "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path = "
           "\"/etc/containerd/certs.d:/etc/docker/certs.d\"\n");
    auto refusal = error();
    EXPECT_TRUE(refusal.starts_with("conflict: ")) << refusal;
    EXPECT_NE(refusal.find("/etc/containerd/site.toml"), std::string::npos) << refusal;
    EXPECT_EQ(containerd_hosts().survey(node, fs), std::vector<TargetPath>{TargetPath(kConfig)})
        << "the list is never a directory to look into";
}

TEST_F(Switch, TheDirectoryOfDockerdIsNotShared) {
    config(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
        "\"/etc/docker/certs.d\"\n");
    auto refusal = error();
    EXPECT_TRUE(refusal.starts_with("conflict: ")) << refusal;
    EXPECT_NE(refusal.find("docker-hosts"), std::string::npos) << refusal;
}

// F10
TEST_F(Switch, DropInsThatNobodyImportsDoNotCount) {
    config("version = 2\n");
    fs.put("/etc/containerd/conf.d/mirrors.toml",
           "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
           "\"/etc/other/certs.d\"\n"
           "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = "
           "[\"https://x\"]\n");
    apply();
    EXPECT_NE(text_of(kConfig).find("config_path = \"/etc/containerd/certs.d\""), std::string::npos)
        << text_of(kConfig);
    EXPECT_NE(text_of(kHub), "(absent)");
    config("version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n");
    EXPECT_TRUE(error().starts_with("conflict: ")) << "imported it does count, with its legacy table";
}

TEST_F(Switch, TheAdministratorsDirectoryIsUsed) {
    const std::string text =
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = "
        "\"/etc/corp/certs.d/\"\n";
    config(text);
    apply();
    EXPECT_EQ(text_of(kConfig), text);
    EXPECT_NE(text_of("/etc/corp/certs.d/docker.io/hosts.toml"), "(absent)");
    EXPECT_EQ(text_of(kHub), "(absent)");
    apply();
    EXPECT_TRUE(changed.empty());
    desired.upstreams[0].mirrors.clear();
    apply();
    EXPECT_EQ(text_of("/etc/corp/certs.d/docker.io/hosts.toml"), "(absent)");
    for (const char* outside : {"/opt/certs.d", "/etc/../opt", "relative"}) {
        config(replace_all(text, "/etc/corp/certs.d/", outside));
        desired.upstreams = {upstream("docker.io", {chosen("https://a.example")})};
        EXPECT_TRUE(error().starts_with("conflict: ")) << outside;
    }
}

// F24
TEST_F(Switch, NoReaderIsSaidAndNothingIsWritten) {
    config("disabled_plugins = [\"cri\"]\n");
    apply();
    EXPECT_EQ(codes(), std::vector<std::string>{"no_reader"});
    EXPECT_EQ(text_of(kHub), "(absent)");
    EXPECT_EQ(text_of(kConfig), "disabled_plugins = [\"cri\"]\n");
    forced = true;
    apply();
    EXPECT_TRUE(warned("no_reader"));
    EXPECT_NE(text_of(kHub), "(absent)") << "nerdctl reads it";
    EXPECT_EQ(text_of(kConfig), "disabled_plugins = [\"cri\"]\n") << "nothing would read config_path";
    node.containerd.cri_disabled = true;
    EXPECT_FALSE(containerd_hosts().detect(node).detected);
}

TEST_F(Switch, AnImportedFileCanDisableTheReaderToo) {
    config("version = 2\nimports = [\"site.toml\"]\n");
    fs.put("/etc/containerd/site.toml", "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n");
    apply();
    EXPECT_EQ(codes(), std::vector<std::string>{"no_reader"});
    EXPECT_EQ(text_of(kHub), "(absent)");
}

// F9
TEST_F(Switch, ImportsThatReplaceTheSectionAreRefusedBefore20) {
    config("version = 2\nimports = [\"conf.d/*.toml\"]\n");
    fs.put("/etc/containerd/conf.d/10-log.toml", "version = 2\n[debug]\nlevel = \"info\"\n");
    apply();
    EXPECT_NE(text_of(kConfig).find("config_path"), std::string::npos);
    fs.put("/etc/containerd/conf.d/99-nvidia.toml",
           "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndefault_runtime_name = "
           "\"nvidia\"\n");
    auto refusal = error();
    EXPECT_TRUE(refusal.starts_with("conflict: ")) << refusal;
    EXPECT_NE(refusal.find("/etc/containerd/conf.d/99-nvidia.toml"), std::string::npos);
    node.containerd.version = version("2.0.0");
    EXPECT_EQ(error(), "");
    fs.put("/etc/containerd/conf.d/.hidden.toml", "broken =");
    fs.put("/etc/containerd/conf.d/readme.txt", "broken =");
    EXPECT_EQ(error(), "") << "patterns mean what they mean to containerd";
    fs.put("/etc/containerd/conf.d/50.toml", "broken =");
    EXPECT_NE(error().find("/etc/containerd/conf.d/50.toml:1"), std::string::npos) << error();
}

TEST_F(Switch, AnImportThatSetsThePathDecides) {
    config("version = 3\nimports = [\"/etc/containerd/site.toml\"]\n");
    node.containerd.version = version("2.1.0");
    fs.put("/etc/containerd/site.toml",
           "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path = "
           "\"/etc/site/certs.d\"\n");
    apply();
    EXPECT_EQ(text_of(kConfig), "version = 3\nimports = [\"/etc/containerd/site.toml\"]\n");
    EXPECT_NE(text_of("/etc/site/certs.d/docker.io/hosts.toml"), "(absent)");
    EXPECT_EQ(containerd_hosts().survey(node, fs).front().str(), "/etc/site/certs.d/docker.io/hosts.toml");
}

TEST_F(Switch, MixedVersionsOfImportsAreReported) {
    config("version = 2\nimports = [\"site.toml\"]\n");
    fs.put("/etc/containerd/site.toml",
           "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\"]\nenable_cdi = true\n");
    node.containerd.version = version("2.2.0");
    apply();
    EXPECT_TRUE(warned("import_version"));
    node.containerd.version = version("2.3.0");
    apply();
    EXPECT_FALSE(warned("import_version"));
}

TEST_F(Switch, BrokenConfigIsRefusedWithItsPlace) {
    config("version = 2\n[plugins\n");
    auto text = error();
    EXPECT_TRUE(text.starts_with("parse: ")) << text;
    EXPECT_NE(text.find(kConfig + ":2"), std::string::npos) << text;
}

TEST_F(Switch, OtherReleasesDefaultIsNotTrusted) {
    node.containerd.version = version("2.2.3");
    config("version = 3\n");
    apply();
    EXPECT_NE(text_of(kConfig).find("config_path = \"/etc/containerd/certs.d\""), std::string::npos)
        << "the default of 2.2 is a list, which the transfer service takes for one directory";
}

}  // namespace
}  // namespace mirrorctl::targets::test::containerd_switch_test
