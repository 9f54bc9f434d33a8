// The laws of target.hpp for every codec, on lived-in files with generated values.
#include "targets/config_toml.hpp"
#include "targets/docker_files.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/proxy_files.hpp"
#include "text/apply_edits.hpp"
#include "unit/targets/scene.hpp"

#include <random>

namespace mirrorctl::targets::test::laws_test {
namespace {

using Random = std::mt19937;

std::string pick(Random& random, const std::vector<std::string>& from) {
    return from[random() % from.size()];
}

std::string any_url(Random& random) {
    return pick(random,
                {"https://m.example", "https://m.example/", "https://登录.example/a", "http://127.0.0.1:5000",
                 "https://a.b/v2/docker.io", "https://q\"uote", "https://b\\s", "https://x"}) +
           (random() % 2 == 0 ? "" : cat("/", random() % 7));
}

std::string any_proxy(Random& random) {
    return pick(random,
                {"http://p:3128", "http://u:p%40ss@p:1", "socks5://[::1]:1080", "http://u:a'b\"c@h",
                 "localhost,.a.b,10.0.0.0/8", "http://u:$x`y`@h", "#;=", "x y", "http://u:b\\n@h", "ü"});
}

Values any_mirrors(Random& random) {
    if (random() % 5 == 0) return {};
    Values values{{kRegistryMirrors, {}}};
    for (auto n = random() % 4; n > 0; --n) values[kRegistryMirrors].push_back(any_url(random));
    return values;
}

Values any_docker_config(Random& random) {
    Values values;
    for (const char* key : {"httpProxy", "httpsProxy", "allProxy", "noProxy"})
        if (random() % 2 == 0) values[key] = {any_proxy(random)};
    return values;
}

void add_host_attributes(Random& random, const std::string& subject, Values& values) {
    if (random() % 2 == 0)
        values[host_key(subject, "capabilities")] = random() % 2 == 0
                                                        ? std::vector<std::string>{"pull"}
                                                        : std::vector<std::string>{"pull", "resolve"};
    if (random() % 2 == 0)
        values[host_key(subject, "override_path")] = {random() % 2 == 0 ? "true" : "false"};
    if (random() % 3 == 0) values[host_key(subject, "ca")] = {"/etc/ca.pem"};
    if (random() % 3 == 0) values[host_key(subject, "dial_timeout")] = {"2s"};
}

Values any_hosts(Random& random) {
    Values values;
    std::vector<std::string> hosts;
    for (auto n = random() % 5; n > 0; --n)
        if (auto url = any_url(random); std::find(hosts.begin(), hosts.end(), url) == hosts.end())
            hosts.push_back(url);
    if (random() % 2 == 0 && std::find(hosts.begin(), hosts.end(), "https://corp.example") == hosts.end())
        hosts.push_back("https://corp.example");
    if (random() % 2 == 0) values[kServer] = {any_url(random)};
    if (random() % 3 == 0) add_host_attributes(random, kServer, values);
    for (const auto& url : hosts) add_host_attributes(random, url, values);
    std::shuffle(hosts.begin(), hosts.end(), random);
    if (!hosts.empty()) values[kHosts] = hosts;
    return values;
}

Values any_config_path(Random& random) {
    if (random() % 4 == 0) return {};
    return {{kConfigPath, {pick(random, {"/etc/containerd/certs.d", "/etc/other", "/a:/b", "", "C:\\x"})}}};
}

Values any_variables(Random& random, bool env_file, bool all) {
    Values values;
    for (const char* name :
         {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"})
        if (random() % 2 == 0) values[name] = {any_proxy(random)};
    if (all && random() % 2 == 0) values["all_proxy"] = {any_proxy(random)};
    if (env_file && random() % 2 == 0) values[kEnvironmentFile] = {cat("-", kDockerProxyEnv)};
    return values;
}

struct Subject {
    const Codec* codec;
    Values (*any)(Random& random);
    std::vector<std::string> texts;
};

std::string crlf(std::string text) {
    return replace_all(std::move(text), "\n", "\r\n");
}

std::vector<Subject> json_subjects() {
    const std::string daemon =
        "{\n\t\"log-driver\": \"json-file\",\n\t\"max-concurrent-downloads\": 1e1,\n\t\"registry-mirrors\" : "
        "[ \"https://u.example\" ,\n\t\t\"https://登录.example\" ],\n"
        "\t\"labels\": [\"größe=1\", \"a\\u0062\"],  \n\t\"mtu\": 1450.0\n}";
    return {{&daemon_json_codec(),
             any_mirrors,
             {"", "{}", "{}\n", daemon, crlf(daemon), "\xEF\xBB\xBF" + daemon,
              "{\"a\":1,\"registry-mirrors\":[]}", "{\"registry-mirrors\": [\"x\"]}\n"}},
            {&docker_config_codec(),
             any_docker_config,
             {"", "{}",
              "{\n\t\"auths\": {\n\t\t\"r.example\": {\"auth\": \"dTpw\"}\n\t},\n\t\"proxies\": "
              "{\n\t\t\"tcp://h:1\": {\"httpProxy\": \"http://x\"},\n\t\t\"default\": {\"ftpProxy\": "
              "\"http://f\", \"noProxy\": \"a\"}\n\t}\n}",
              "{\"proxies\": {\"default\": {\"httpProxy\": \"http://x\"}}, \"n\": -0.0}"}}};
}

std::vector<Subject> toml_subjects() {
    const std::string hosts =
        "# ours since 2021 — do not lose\nserver = 'https://corp.example' # "
        "keep\n\n[host.\"https://corp.example\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        "  ca = [\"/etc/corp.pem\"]\n  client = [[\"/c.pem\", \"/k.pem\"]]\n  "
        "[host.\"https://corp.example\".header]\n    x-corp = [\"1\"]\n\n# second\n[host.'https://x']\n  "
        "skip_verify = true\n";
    const std::string config2 =
        "# node 7\nversion = 2\nroot = \"/data\"\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n   "
        " sandbox_image = \"pause:3.9\" # pinned\n"
        "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia]\n      runtime_type = "
        "\"x\"\n";
    return {
        {&hosts_toml_codec(),
         any_hosts,
         {"", hosts, crlf(hosts), "\xEF\xBB\xBF" + hosts, "# only a comment\n", "server = \"https://a\"",
          "capabilities = [\"pull\"]\n[host]\n[host.\"http://b\"]\n"}},
        {&config_toml_codec(),
         any_config_path,
         {"", config2, crlf(config2),
          "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '' # none\n",
          "version = 4\n", "[plugins.cri.registry]\n  config_path = \"/x\"\n", "# v1\noom_score = -999\n"}}};
}

std::vector<Subject> variable_subjects() {
    const std::string unit =
        "# site\n[Unit]\nAfter=x.service\n\n[Service]\nEnvironment=FOO=1 \"http_proxy=http://old:1\" "
        "BAR=2\nEnvironmentFile=/etc/site.env\n"
        "Environment=\"HOME=%h\"\nLimitNOFILE=\\\n  1000\n";
    const std::string env = "# site\nFOO=\"a b\"\nHTTP_PROXY=http://old:1\nBAR='x'\n";
    const std::string shell =
        "# site\nexport EDITOR=vi\nif [ -n \"$PS1\" ]; then alias ll='ls -l'; fi\nexport "
        "http_proxy='http://old:1'\n";
    return {{&drop_in_codec(),
             [](Random& r) { return any_variables(r, true, false); },
             {"", unit, crlf(unit),
              "[Service]\nEnvironment=\"HTTP_PROXY=http://a\"\nEnvironment=\nEnvironment=A=1",
              "[Service]\nEnvironmentFile=-/etc/mirrorctl/proxy-docker.env\n"}},
            {&proxy_env_codec(),
             [](Random& r) { return any_variables(r, false, false); },
             {"", env, crlf(env), "HTTP_PROXY=a\nHTTP_PROXY=b\n", "A=1"}},
            {&shell_profile_codec(),
             [](Random& r) { return any_variables(r, false, true); },
             {"", shell, "http_proxy=x\nexport http_proxy=y"}}};
}

std::vector<Subject> subjects() {
    auto all = json_subjects();
    for (const auto& more : {toml_subjects(), variable_subjects()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

TEST(Laws, ReadingBackAndWritingTwice) {
    Random random(20261123);
    for (const auto& subject : subjects())
        for (const auto& text : subject.texts)
            for (int round = 0; round < 25; ++round) {
                auto wanted = subject.any(random);
                auto edited = edit_text(*subject.codec, text, wanted);
                ASSERT_TRUE(edited) << subject.codec->name << ": " << to_string(edited.error()) << "\n"
                                    << text;
                EXPECT_EQ(subject.codec->read(*edited).value(), wanted) << subject.codec->name;
                auto again = edit_text(*subject.codec, *edited, wanted);
                ASSERT_TRUE(again);
                EXPECT_EQ(*again, *edited) << subject.codec->name << ": twice is not once";
            }
}

TEST(Laws, WritingWhatIsThereChangesNoByte) {
    for (const auto& subject : subjects())
        for (const auto& text : subject.texts) {
            auto values = subject.codec->read(text);
            ASSERT_TRUE(values) << subject.codec->name << ": " << to_string(values.error()) << "\n" << text;
            auto edits = subject.codec->write(text, *values);
            ASSERT_TRUE(edits) << subject.codec->name << ": " << to_string(edits.error());
            EXPECT_TRUE(edits->empty()) << subject.codec->name << "\n" << text;
        }
}

TEST(Laws, BytesOutsideTheEditsStayAndInverseEditsRestore) {
    Random random(7);
    for (const auto& subject : subjects())
        for (const auto& text : subject.texts)
            for (int round = 0; round < 8; ++round) {
                auto edits = subject.codec->write(text, subject.any(random));
                ASSERT_TRUE(edits) << subject.codec->name << ": " << to_string(edits.error());
                auto after = text::apply_edits(text, *edits);
                ASSERT_TRUE(after);
                auto back = text::apply_edits(*after, text::inverse_edits(text, *edits));
                ASSERT_TRUE(back);
                EXPECT_EQ(*back, text) << subject.codec->name;
            }
}

// What the user has besides the managed keys survives every edit, byte for byte.
TEST(Laws, TheUsersLinesSurvive) {
    Random random(99);
    const std::vector<std::string> precious = {"\"max-concurrent-downloads\": 1e1",
                                               "\"labels\": [\"größe=1\", \"a\\u0062\"],  ",
                                               "\"mtu\": 1450.0",
                                               "\"auth\": \"dTpw\"",
                                               "\"ftpProxy\": \"http://f\"",
                                               "\"n\": -0.0",
                                               "# ours since 2021 — do not lose",
                                               "sandbox_image = \"pause:3.9\" # pinned",
                                               "runtime_type = \"x\"",
                                               "# node 7",
                                               "oom_score = -999",
                                               "EnvironmentFile=/etc/site.env",
                                               "Environment=\"HOME=%h\"",
                                               "After=x.service",
                                               "FOO=\"a b\"",
                                               "export EDITOR=vi"};
    for (const auto& subject : subjects())
        for (const auto& text : subject.texts)
            for (int round = 0; round < 8; ++round) {
                auto edited = edit_text(*subject.codec, text, subject.any(random));
                ASSERT_TRUE(edited) << to_string(edited.error());
                for (const auto& part : precious) {
                    bool kept =
                        text.find(part) == std::string::npos || edited->find(part) != std::string::npos;
                    EXPECT_TRUE(kept) << part;
                }
                bool mixed = text.find("\r\n") != std::string::npos &&
                             replace_all(*edited, "\r\n", "").find('\n') != std::string::npos;
                EXPECT_FALSE(mixed) << subject.codec->name << ": line ends are mixed";
                EXPECT_EQ(text.starts_with("\xEF\xBB\xBF"), edited->starts_with("\xEF\xBB\xBF"));
            }
}

// F2, F18: what does not parse is refused with its place, never repaired.
TEST(Laws, BrokenFilesAreRefusedWithTheirPlace) {
    const std::pair<const Codec*, const char*> cases[] = {
        {&daemon_json_codec(), "{\n  \"a\": 1,\n}"},
        {&daemon_json_codec(), "{} {}"},
        {&daemon_json_codec(), "{\"a\": 1 // no\n}"},
        {&daemon_json_codec(), "<html></html>"},
        {&daemon_json_codec(), "{\"a\": 1, \"a\": 2}"},
        {&daemon_json_codec(), "{\"registry-mirrors\": [\"a\"], \"registry-mirrors\": []}"},
        {&daemon_json_codec(), "{\"registry-mirrors\": \"a\"}"},
        {&daemon_json_codec(), "[]"},
        {&docker_config_codec(), "{\"proxies\": 7}"},
        {&docker_config_codec(), "{\"proxies\": {\"default\": {\"httpProxy\": 1}}}"},
        {&hosts_toml_codec(), "server = https://x\n"},
        {&hosts_toml_codec(), "[host.\"a\"]\n[host.\"a\"]\n"},
        {&config_toml_codec(), "version = \n"},
        {&config_toml_codec(),
         "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = 3\n"},
    };
    for (const auto& [codec, text] : cases) {
        auto values = codec->read(text);
        ASSERT_FALSE(values) << text;
        EXPECT_TRUE(values.error().location && values.error().location->line > 0) << text;
    }
    EXPECT_FALSE(config_toml_codec().read("version = 9\n"));
}

// containerd 2 finds hosts by their headers alone.
TEST(Laws, HostsThatContainerdDoesNotSeeAreRefused) {
    for (const char* text : {"host = { \"https://a\" = { capabilities = [\"pull\"] } }\n",
                             "[host]\n\"https://a\".capabilities = [\"pull\"]\n",
                             "[host.\"a\"]\n[host.\"b\"]\n[host.\"a\".header]\nx = \"1\"\n"}) {
        auto values = hosts_toml_codec().read(text);
        ASSERT_FALSE(values) << text;
        EXPECT_EQ(values.error().code, ErrorCode::unsupported_layout);
    }
}

}  // namespace
}  // namespace mirrorctl::targets::test::laws_test
