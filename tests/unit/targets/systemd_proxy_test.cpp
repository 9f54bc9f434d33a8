#include "targets/entries.hpp"
#include "targets/proxy_files.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::systemd_proxy_test {
namespace {

const std::string kDocker = "/etc/systemd/system/docker.service.d/http-proxy.conf";
const std::string kContainerd = "/etc/systemd/system/containerd.service.d/http-proxy.conf";

class SystemdProxy : public Scene {
  public:
    SystemdProxy() {
        desired.proxy = DesiredProxy{
            .http = "http://p:3128", .https = "http://p:3128", .all = "", .no_proxy = "corp.example"};
    }
    void apply() { Scene::apply(systemd_proxy()); }
};

const std::string kNoProxy = "localhost,127.0.0.1,::1,corp.example,.corp.example";

TEST_F(SystemdProxy, WritesBothUnitsInBothCases) {
    apply();
    for (const auto& path : {kDocker, kContainerd}) {
        auto text = text_of(path);
        for (const char* line :
             {"Environment=\"HTTP_PROXY=http://p:3128\"\n", "Environment=\"http_proxy=http://p:3128\"\n",
              "Environment=\"HTTPS_PROXY=http://p:3128\"\n", "Environment=\"https_proxy=http://p:3128\"\n"})
            EXPECT_NE(text.find(line), std::string::npos) << text;
        EXPECT_NE(text.find("Environment=\"NO_PROXY=" + kNoProxy + "\"\n"), std::string::npos) << text;
        EXPECT_NE(text.find("Environment=\"no_proxy=" + kNoProxy + "\"\n"), std::string::npos) << text;
        EXPECT_TRUE(systemd_proxy().is_marked(text));
    }
    const auto* intent = intent_for(kDocker);
    ASSERT_EQ(intent->on_change.size(), 2U);
    EXPECT_EQ(intent->on_change[0].kind, ActivationKind::daemon_reload);
    EXPECT_EQ(intent->on_change[1].kind, ActivationKind::restart);
    EXPECT_EQ(intent->on_change[1].unit, "docker.service");
    EXPECT_EQ(intent->checks[0].subject, "environment:docker.service");
    EXPECT_EQ(intent->checks[0].expected[0], "HTTP_PROXY=http://p:3128");
    apply();
    EXPECT_TRUE(changed.empty());
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(text_of(kDocker), "(absent)");
    EXPECT_EQ(text_of(kContainerd), "(absent)");
}

TEST_F(SystemdProxy, OnlyDetectedUnitsUnlessForced) {
    node.docker.installed = false;
    apply();
    EXPECT_EQ(text_of(kDocker), "(absent)");
    EXPECT_NE(text_of(kContainerd), "(absent)");
    node.containerd.installed = false;
    forced = true;
    apply();
    EXPECT_NE(text_of(kDocker), "(absent)");
    EXPECT_NE(text_of(kContainerd), "(absent)");
}

TEST_F(SystemdProxy, CredentialsNeverStandInTheUnit) {
    desired.proxy->https = "http://user:p%40ss%w$rd@p:3128";
    apply();
    const std::string env = "/etc/mirrorctl/proxy-docker.env";
    EXPECT_EQ(text_of(kDocker).find("p%40ss"), std::string::npos);
    EXPECT_EQ(text_of(kDocker).find("Environment="), std::string::npos) << "all variables stand in one place";
    EXPECT_NE(text_of(kDocker).find("\nEnvironmentFile=-" + env + "\n"), std::string::npos)
        << text_of(kDocker);
    EXPECT_EQ(fs.node(env).meta.mode, 0600U);
    EXPECT_EQ(proxy_env_codec().read(text_of(env))->at("https_proxy"),
              std::vector<std::string>{"http://user:p%40ss%w$rd@p:3128"});
    std::size_t env_at = 0;
    std::size_t unit_at = 0;
    for (std::size_t i = 0; i < last.files.size(); ++i) {
        if (last.files[i].path.str() == env) env_at = i;
        if (last.files[i].path.str() == kDocker) unit_at = i;
    }
    EXPECT_LT(env_at, unit_at) << "what is named by others first";
    EXPECT_TRUE(intent_for(env)->secret && intent_for(env)->tighten_mode);
    EXPECT_EQ(intent_for(env)->dir_meta.mode, 0755U);
    for (const auto& expected : intent_for(kDocker)->checks[0].expected) {
        EXPECT_EQ(expected.find("ss%w"), std::string::npos);
        EXPECT_NE(expected.find("=sha256:"), std::string::npos);
    }
    apply();
    EXPECT_TRUE(changed.empty());

    desired.proxy->https = "http://p:3128";
    apply();
    EXPECT_EQ(text_of(env), "(absent)") << "without credentials the variables go back into the unit";
    EXPECT_NE(text_of(kDocker).find("Environment=\"HTTPS_PROXY=http://p:3128\""), std::string::npos);
    EXPECT_EQ(text_of(kDocker).find("EnvironmentFile"), std::string::npos);
}

TEST_F(SystemdProxy, SocksGivenAsAllProxyReachesGo) {
    desired.proxy = DesiredProxy{.http = "", .https = "", .all = "socks5://10.0.0.1:1080", .no_proxy = ""};
    apply();
    EXPECT_NE(text_of(kDocker).find("\"HTTP_PROXY=socks5://10.0.0.1:1080\""), std::string::npos);
    EXPECT_NE(text_of(kDocker).find("\"HTTPS_PROXY=socks5://10.0.0.1:1080\""), std::string::npos);
    EXPECT_EQ(text_of(kDocker).find("ALL_PROXY"), std::string::npos);
}

TEST_F(SystemdProxy, ForeignFileKeepsItsLines) {
    const std::string lived_in =
        "# by hand\n[Service]\nEnvironment=\"HTTP_PROXY=http://old:1\" \"FOO=a "
        "b\"\nTimeoutStartSec=90\n[Install]\nWantedBy=x.target";
    fs.put(kDocker, lived_in);
    apply();
    auto text = text_of(kDocker);
    for (const char* part :
         {"# by hand\n", "\"FOO=a b\"", "TimeoutStartSec=90\n", "[Install]\nWantedBy=x.target"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find("http://old:1"), std::string::npos);
    EXPECT_EQ(drop_in_codec().read(text)->at("HTTP_PROXY"), std::vector<std::string>{"http://p:3128"});
    EXPECT_FALSE(systemd_proxy().is_marked(text));
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(drop_in_codec().read(text_of(kDocker)).value(), (Values{{"HTTP_PROXY", {"http://old:1"}}}))
        << text_of(kDocker);
}

TEST_F(SystemdProxy, SaysWhoWinsOverIt) {
    fs.put("/run/systemd/system/docker.service.d/zz-site.conf",
           "[Service]\nEnvironment=HTTPS_PROXY=http://site:1\n");
    fs.put("/etc/systemd/system/docker.service.d/00-early.conf",
           "[Service]\nEnvironment=HTTPS_PROXY=http://early:1\n");
    apply();
    ASSERT_EQ(codes(), std::vector<std::string>{"proxy_overridden"});
    EXPECT_NE(last.warnings[0].message.find("/run/systemd/system/docker.service.d/zz-site.conf"),
              std::string::npos);
    EXPECT_NE(last.warnings[0].message.find("HTTPS_PROXY"), std::string::npos);
    fs.put("/etc/systemd/system/docker.service.d/zz-site.conf", "[Service]\nRestart=always\n");
    apply();
    EXPECT_TRUE(codes().empty()) << "a file of the same name in /etc masks it";
    fs.put("/etc/default/docker", "HTTP_PROXY=\"http://x:1\"\n");
    node.docker.unit.environment_files = {TargetPath("/etc/default/docker")};
    fs.put("/etc/docker/daemon.json", "{\"proxies\": {}}");
    apply();
    EXPECT_EQ(codes().size(), 2U);
}

TEST_F(SystemdProxy, RefusesWhatOnlySystemdUnderstands) {
    fs.put(kDocker, "[Service]\nEnvironment=HTTP_PROXY=http://%H:1\n");
    EXPECT_TRUE(error_of(systemd_proxy()).starts_with("unsupported_layout")) << error_of(systemd_proxy());
    fs.put(kDocker, "[Service]\nEnvironment=OTHER=%H\n");
    EXPECT_EQ(error_of(systemd_proxy()), "");
}

TEST_F(SystemdProxy, BadNoProxyIsRefused) {
    desired.proxy->no_proxy = "172.17.*";
    EXPECT_NE(error_of(systemd_proxy()).find("172.17.0.0/16"), std::string::npos);
}

TEST_F(SystemdProxy, NotManagedMeansNotTouched) {
    apply();
    desired.proxy.reset();
    apply();
    EXPECT_TRUE(changed.empty());
    EXPECT_EQ(last.leave.size(), 2U);
}

TEST_F(SystemdProxy, Catalogue) {
    node.docker.unit.name = "snap.docker.dockerd.service";
    EXPECT_NE(systemd_proxy().codec_for(
                  node, TargetPath("/etc/systemd/system/snap.docker.dockerd.service.d/http-proxy.conf")),
              nullptr);
    EXPECT_NE(systemd_proxy().codec_for(node, TargetPath("/etc/mirrorctl/proxy-containerd.env")), nullptr);
    for (const char* path : {"/etc/systemd/system/ssh.service.d/http-proxy.conf",
                             "/etc/mirrorctl/config.yaml", "/etc/mirrorctl/../passwd"})
        EXPECT_EQ(systemd_proxy().codec_for(node, TargetPath(path)), nullptr) << path;
}

class ShellProxy : public Scene {
  public:
    ShellProxy() {
        desired.proxy =
            DesiredProxy{.http = "http://p:3128", .https = "", .all = "socks5h://s:1080", .no_proxy = "x.y"};
    }
};

const std::string kShell = "/etc/profile.d/mirrorctl-proxy.sh";

TEST_F(ShellProxy, WritesAndRemoves) {
    apply(shell_proxy());
    auto text = text_of(kShell);
    for (const char* line : {"export http_proxy='http://p:3128'\n", "export HTTP_PROXY='http://p:3128'\n",
                             "export all_proxy='socks5h://s:1080'\n", "export ALL_PROXY='socks5h://s:1080'\n",
                             "export no_proxy='localhost,127.0.0.1,::1,x.y,.x.y'\n"})
        EXPECT_NE(text.find(line), std::string::npos) << text;
    EXPECT_EQ(text.find("https_proxy"), std::string::npos);
    EXPECT_EQ(fs.node(kShell).meta.mode, 0644U);
    EXPECT_TRUE(shell_proxy().is_marked(text));
    apply(shell_proxy());
    EXPECT_TRUE(changed.empty());
    desired.proxy = DesiredProxy{};
    apply(shell_proxy());
    EXPECT_EQ(text_of(kShell), "(absent)");
}

TEST_F(ShellProxy, RefusesPasswords) {
    desired.proxy->http = "http://u:hunter2@p:1";
    auto text = error_of(shell_proxy());
    EXPECT_TRUE(text.starts_with("conflict: ")) << text;
    EXPECT_NE(text.find("every user"), std::string::npos);
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST_F(ShellProxy, WhatSomebodyAddedStays) {
    apply(shell_proxy());
    fs.put(kShell, text_of(kShell) + "alias g=git\n");
    apply(shell_proxy());
    EXPECT_TRUE(changed.empty());
    desired.proxy = DesiredProxy{};
    apply(shell_proxy());
    EXPECT_NE(text_of(kShell).find("alias g=git\n"), std::string::npos);
    EXPECT_EQ(text_of(kShell).find("http_proxy"), std::string::npos);
}

}  // namespace
}  // namespace mirrorctl::targets::test::systemd_proxy_test
