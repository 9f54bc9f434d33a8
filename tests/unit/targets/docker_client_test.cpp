#include "targets/docker_files.hpp"
#include "targets/entries.hpp"
#include "unit/targets/scene.hpp"

namespace mirrorctl::targets::test::docker_client_test {
namespace {

const std::string kPath = "/home/ann/.docker/config.json";

class DockerClient : public Scene {
  public:
    DockerClient() {
        desired.user = "ann";
        desired.proxy = DesiredProxy{.http = "http://10.0.0.1:3128",
                                     .https = "http://10.0.0.1:3128",
                                     .all = "",
                                     .no_proxy = "corp.example"};
    }
    void apply() { Scene::apply(docker_client()); }
};

TEST_F(DockerClient, CreatesItForTheUser) {
    apply();
    EXPECT_EQ(text_of(kPath),
              "{\n\t\"proxies\": {\n\t\t\"default\": {\n\t\t\t\"httpProxy\": "
              "\"http://10.0.0.1:3128\",\n\t\t\t\"httpsProxy\": \"http://10.0.0.1:3128\",\n"
              "\t\t\t\"noProxy\": \"localhost,127.0.0.1,::1,corp.example,.corp.example\"\n\t\t}\n\t}\n}\n");
    const auto& intent = last.files[0];
    EXPECT_EQ(intent.file_meta.mode, 0600U);
    EXPECT_EQ(intent.dir_meta.mode, 0700U);
    for (const auto& meta : {intent.file_meta, intent.dir_meta}) {
        EXPECT_EQ(meta.uid, 1000U);
        EXPECT_EQ(meta.gid, 1001U);
    }
    EXPECT_TRUE(intent.needs_owner);
    EXPECT_TRUE(intent.secret);
    EXPECT_TRUE(intent.on_change.empty()) << "new containers read it";
    apply();
    EXPECT_TRUE(changed.empty());
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(text_of(kPath), "(absent)");
}

TEST_F(DockerClient, RootByDefaultAlsoWithoutPasswd) {
    desired.user = "";
    node.users.clear();
    apply();
    EXPECT_NE(text_of("/root/.docker/config.json"), "(absent)");
    desired.user = "bob";
    EXPECT_NE(error_of(docker_client()).find("no such user: bob"), std::string::npos);
}

// F13: other keys, auths and entries of other daemons stay; no marker of ours is left inside.
TEST_F(DockerClient, KeepsAuthsAndOtherEntries) {
    const std::string lived_in =
        "{\n\t\"auths\": {\n\t\t\"r.example\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t},\n\t\"proxies\": "
        "{\n\t\t\"default\": {\n\t\t\t\"ftpProxy\": \"http://f\",\n"
        "\t\t\t\"httpProxy\": \"http://old\"\n\t\t},\n\t\t\"tcp://h:2375\": {\n\t\t\t\"httpProxy\": "
        "\"http://other\"\n\t\t}\n\t},\n\t\"credsStore\": \"pass\"\n}";
    fs.put_node(kPath, {.bytes = lived_in, .meta = {.mode = 0600, .uid = 1000, .gid = 1001}});
    apply();
    auto text = text_of(kPath);
    for (const char* part : {"\"auth\": \"dTpw\"", "\"ftpProxy\": \"http://f\"",
                             "\"httpProxy\": \"http://other\"", "\"credsStore\": \"pass\""})
        EXPECT_NE(text.find(part), std::string::npos) << part;
    EXPECT_EQ(text.find("http://old"), std::string::npos);
    EXPECT_TRUE(warned("proxy_overridden"));
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(text_of(kPath), lived_in) << "the user's own value came back";
}

TEST_F(DockerClient, AValueThatSomebodyChangedIsLeft) {
    apply();
    fs.put(kPath,
           replace_all(text_of(kPath), "\"httpProxy\": \"http://10.0.0.1:3128\"",
                       "\"httpProxy\": \"http://mine:1\""),
           0600);
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(docker_config_codec().read(text_of(kPath)).value(), (Values{{"httpProxy", {"http://mine:1"}}}));
}

TEST_F(DockerClient, SecretsTightenTheMode) {
    EXPECT_FALSE(propose(docker_client())->files[0].tighten_mode);
    desired.proxy->http = "http://u:pw@10.0.0.1:1";
    EXPECT_TRUE(propose(docker_client())->files[0].tighten_mode);
}

TEST_F(DockerClient, AllProxyStaysAllProxy) {
    desired.proxy = DesiredProxy{.http = "", .https = "", .all = "socks5h://10.0.0.1:1080", .no_proxy = ""};
    apply();
    auto values = docker_config_codec().read(text_of(kPath)).value();
    EXPECT_EQ(values["allProxy"], std::vector<std::string>{"socks5h://10.0.0.1:1080"});
    EXPECT_FALSE(values.contains("httpProxy"));
}

TEST_F(DockerClient, LoopbackIsTheContainerItself) {
    apply();
    EXPECT_FALSE(warned("loopback_proxy"));
    desired.proxy->https = "http://127.0.0.1:7890";
    apply();
    EXPECT_TRUE(warned("loopback_proxy"));
}

TEST_F(DockerClient, BrokenFileIsRefused) {
    fs.put(kPath, "{\"proxies\": 3}");
    auto proposal = propose(docker_client());
    bool refused = !proposal || !docker_config_codec().read(text_of(kPath));
    EXPECT_TRUE(refused);
}

TEST_F(DockerClient, NotManagedMeansNotTouched) {
    apply();
    desired.proxy.reset();
    apply();
    EXPECT_TRUE(changed.empty());
    EXPECT_EQ(last.leave, std::vector<TargetPath>{TargetPath(kPath)});
}

TEST_F(DockerClient, OtherHomesKeepTheirsUntilProxiesGo) {
    apply();
    desired.user = "root";
    apply();
    EXPECT_NE(text_of(kPath), "(absent)");
    EXPECT_EQ(last.leave, std::vector<TargetPath>{TargetPath(kPath)});
    desired.proxy = DesiredProxy{};
    apply();
    EXPECT_EQ(text_of(kPath), "(absent)");
    EXPECT_EQ(text_of("/root/.docker/config.json"), "(absent)");
}

TEST_F(DockerClient, CatalogueKnowsHomesOnly) {
    EXPECT_NE(docker_client().codec_for(node, TargetPath(kPath)), nullptr);
    EXPECT_NE(docker_client().codec_for(node, TargetPath("/root/.docker/config.json")), nullptr);
    EXPECT_EQ(docker_client().codec_for(node, TargetPath("/home/bob/.docker/config.json")), nullptr);
    EXPECT_EQ(docker_client().codec_for(node, TargetPath("/etc/shadow")), nullptr);
}

}  // namespace
}  // namespace mirrorctl::targets::test::docker_client_test
