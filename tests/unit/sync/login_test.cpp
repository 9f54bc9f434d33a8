#include "base/strings.hpp"
#include "support/fake_runner.hpp"
#include "support/mem_fs.hpp"
#include "sync/login_table.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sync::login_test {
namespace {

std::optional<std::string> variable(const char* name) {
    if (std::string_view(name) == "PASS") return "from-env";
    return std::nullopt;
}

LoginFile read(const std::string& json) {
    auto document = read_json(json, "auth.json");
    if (!document) {
        ADD_FAILURE() << to_string(document.error());
        return {};
    }
    return read_logins(*document, variable);
}

struct Scene {
    support::MemFs fs = {};
    support::FakeRunner runner = {};
    LoginFile file = {};
    DockerConfig docker = {};
    LoginTable table() {
        return LoginTable({.file = file.entries, .docker = docker, .fs = fs, .runner = runner});
    }
};

TEST(Logins, LongestPrefixWinsWhateverTheOrder) {
    Scene scene;
    scene.file = read(R"({"hub.example/team": {"username": "long", "password": "p"},
                          "hub.example": {"username": "short", "password": "p"},
                          "hub.example/team/app": {"username": "exact", "password": "p"}})");
    auto table = scene.table();
    EXPECT_EQ(table.login("hub.example", "team/web").user, "long");
    EXPECT_EQ(table.login("hub.example", "teams/web").user, "short");
    EXPECT_EQ(table.login("hub.example", "team/app").user, "exact");
    EXPECT_EQ(table.login("hub.example", "team/app").from, "auth.json, key hub.example/team/app");
    EXPECT_TRUE(table.login("hub.example:5000", "team/app").anonymous());
    EXPECT_TRUE(table.login("other.example", "team/app").anonymous());
}

TEST(Logins, DollarsStayUnlessTheWholeValueIsAVariable) {
    auto file = read(R"({"a.example": {"username": "robot$proj+ci", "password": "pa$$w0rd$x"},
                         "b.example": {"username": "u", "password": "${PASS}"},
                         "c.example": {"username": "u", "password": "$PASS"},
                         "d.example": {"username": "u", "password": "x${PASS}"}})");
    ASSERT_TRUE(file.errors.empty()) << to_string(file.errors[0]);
    EXPECT_EQ(file.entries[0].login.user, "robot$proj+ci");
    EXPECT_EQ(file.entries[0].login.password, "pa$$w0rd$x");
    EXPECT_EQ(file.entries[1].login.password, "from-env");
    EXPECT_EQ(file.entries[2].login.password, "from-env");
    EXPECT_EQ(file.entries[3].login.password, "x${PASS}");
    auto unset = read(R"({"a.example": {"username": "u",
  "password": "$NOPE"}})");
    ASSERT_EQ(unset.errors.size(), 1U);
    EXPECT_EQ(unset.errors[0].location->line, 2);
}

TEST(Logins, MistakesHavePlacesAndShowNoSecret) {
    auto file = read(R"({"a.example": {"usrname": "u", "password": "hunter2", "insecure": "hunter2"},
                         "b.example": "hunter2",
                         "c.example": {"username": 7, "password": ["hunter2"]}})");
    ASSERT_EQ(file.errors.size(), 5U);
    EXPECT_EQ(file.errors[0].hint, "did you mean username? allowed: username, password, insecure, ca_file");
    for (const auto& error : file.errors) {
        EXPECT_EQ((to_string(error) + error.hint).find("hunter2"), std::string::npos) << to_string(error);
        EXPECT_GT(error.location->line, 0);
    }
}

TEST(Logins, HalfALoginIsAnonymousAndSaidSo) {
    auto file = read(R"({"a.example": {"username": "u", "insecure": true}})");
    EXPECT_TRUE(file.errors.empty());
    EXPECT_EQ(file.warnings.at(0).code, "half_login");
    EXPECT_TRUE(file.entries.at(0).login.anonymous());
    EXPECT_TRUE(file.entries.at(0).insecure);
}

TEST(Logins, InsecureAndCertificatesBelongToHostAndPort) {
    Scene scene;
    scene.file =
        read(R"({"hub.example:5000/team": {"insecure": true}, "ca.example": {"ca_file": "/ca.pem"}})");
    scene.fs.put("/ca.pem", "CA");
    scene.fs.put("/etc/docker/certs.d/tls.example/ca.crt", "ROOT");
    scene.fs.put("/etc/docker/certs.d/tls.example/client.cert", "CERT");
    scene.fs.put("/etc/docker/certs.d/tls.example/client.key", "KEY");
    auto table = scene.table();
    EXPECT_TRUE(table.options("hub.example:5000").insecure);
    EXPECT_FALSE(table.options("hub.example").insecure);
    EXPECT_EQ(table.options("ca.example").ca_pem, "CA\n");
    EXPECT_EQ(table.options("tls.example").ca_pem, "ROOT\n");
    EXPECT_EQ(table.options("tls.example").cert_pem, "CERT\n");
    EXPECT_EQ(table.options("tls.example").key_pem, "KEY\n");
    EXPECT_TRUE(table.warnings().empty());
}

DockerConfig docker(const std::string& json) {
    auto document = read_json(json, "config.json");
    auto config = read_docker_config(*document, "config.json");
    EXPECT_TRUE(config) << to_string(config.error());
    return config.value_or(DockerConfig{});
}

TEST(Logins, DockerConfigComesAfterTheLoginFile) {
    Scene scene;
    scene.docker =
        docker(cat(R"({"auths": {"https://index.docker.io/v1/": {"auth": ")", base64_encode("hub:a:b"),
                   R"("}, "hub.example": {"auth": ")", base64_encode("d:e"),
                   R"("}, "t.example": {"identitytoken": "TOKEN"}, "empty.example": {}}})"));
    scene.file = read(R"({"hub.example": {"username": "mine", "password": "p"}})");
    auto table = scene.table();
    EXPECT_EQ(table.login("docker.io", "library/nginx").user, "hub");
    EXPECT_EQ(table.login("docker.io", "library/nginx").password, "a:b");
    EXPECT_EQ(table.login("hub.example", "x").user, "mine");
    EXPECT_EQ(table.login("t.example", "x").identity_token, "TOKEN");
    EXPECT_TRUE(table.login("empty.example", "x").anonymous());
}

TEST(Logins, HelpersAreAskedOnceAndBySecretFreeArguments) {
    Scene scene;
    scene.docker = docker(R"({"credHelpers": {"h.example": "test"}, "credsStore": "store"})");
    scene.runner.on({"docker-credential-test", "get"},
                    {.out = R"({"ServerURL": "h.example", "Username": "u", "Secret": "s"})"});
    scene.runner.on({"docker-credential-store", "get"},
                    {.exit_status = 1, .out = "credentials not found in native keychain\n"});
    auto table = scene.table();
    EXPECT_EQ(table.login("h.example", "a").password, "s");
    EXPECT_EQ(table.login("h.example", "b").password, "s");
    EXPECT_TRUE(table.login("docker.io", "library/x").anonymous());
    EXPECT_TRUE(table.warnings().empty());
    ASSERT_EQ(scene.runner.calls.size(), 2U);
    EXPECT_EQ(scene.runner.calls[0].input, "h.example");
    EXPECT_EQ(scene.runner.calls[1].input, "https://index.docker.io/v1/");
}

TEST(Logins, AHelperThatFailsIsAWarning) {
    Scene scene;
    scene.docker =
        docker(R"({"credHelpers": {"a.example": "gone", "b.example": "../evil", "c.example": "odd"}})");
    scene.runner.on({"docker-credential-odd"}, {.out = "not json"});
    scene.runner.on({"docker-credential-gone"},
                    Error{.code = ErrorCode::not_found, .message = "no such program"});
    auto table = scene.table();
    for (const char* host : {"a.example", "b.example", "c.example"})
        EXPECT_TRUE(table.login(host, "x").anonymous()) << host;
    EXPECT_EQ(table.warnings().size(), 3U);
    for (const auto& call : scene.runner.calls) EXPECT_EQ(call.argv[0].find('/'), std::string::npos);
}

TEST(Logins, ExamplesOfImageSyncer) {
    Scene scene;
    scene.file = read(R"({
    "quay.io": {"username": "xxx", "password": "xxxxxxxxx", "insecure": true},
    "registry.cn-beijing.aliyuncs.com": {"username": "xxx", "password": "xxxxxxxxx"},
    "registry.hub.docker.com": {"username": "hub", "password": "xxxxxxxxxx"},
    "quay.io/coreos": {"username": "abc", "password": "xxxxxxxxx", "insecure": true}
})");
    ASSERT_TRUE(scene.file.errors.empty());
    auto table = scene.table();
    EXPECT_EQ(table.login("quay.io", "coreos/etcd").user, "abc");
    EXPECT_EQ(table.login("quay.io", "other/etcd").user, "xxx");
    EXPECT_EQ(table.login("docker.io", "library/nginx").user, "hub");
}

TEST(LoginFile, APasswordThatLooksLikeAVariableIsNotShown) {
    auto document = read_json(R"({"a.example": {"username": "u", "password": "$ecretWord"}})", "auth.json");
    ASSERT_TRUE(document);
    auto file = read_logins(*document, variable);
    ASSERT_EQ(file.errors.size(), 1U);
    auto shown = to_string(file.errors[0]) + file.errors[0].hint;
    EXPECT_EQ(shown.find("ecretWord"), std::string::npos) << shown;
    EXPECT_NE(shown.find("auth.json:1"), std::string::npos) << shown;
}

}  // namespace
}  // namespace mirrorctl::sync::login_test
