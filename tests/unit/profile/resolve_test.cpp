// extends, merging, variables, lookup, show.
#include "model/json/profile_json.hpp"
#include "profile/show.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::profile::testing::resolve_test {
namespace {

const std::string kA = R"(schema: mirrorctl.profile/1
name: a
description: the first
as_of: 2026-10-01
upstreams:
  docker.io:
    fallback: none
    canary: [{ image: "library/busybox:1.36" }]
    mirrors:
      - { url: "https://one.test", trust: resolve, operator: One, limits: slow }
      - { url: "https://two.test", operator: Two }
policy: { keep: 5, ttl: 12h }
)";
const std::string kB = R"(schema: mirrorctl.profile/1
name: b
upstreams:
  docker.io:
    mirrors:
      - { url: "https://three.test" }
      - { url: "https://TWO.test:443/", trust: pull }
  ghcr.io:
    mirrors: [{ url: "https://g.test" }]
policy: { ttl: 6h }
)";

std::vector<std::string> urls(const Profile& profile, const std::string& upstream) {
    std::vector<std::string> out;
    for (const auto& mirror : profile.find(upstream)->mirrors) out.push_back(mirror.url.str());
    return out;
}

struct Extends : ::testing::Test {
    World world;
    void SetUp() override {
        world.root.put("/etc/mirrorctl/profiles/a.yaml", kA);
        world.root.put("/etc/mirrorctl/profiles/b.yaml", kB);
    }
    Result<LoadedProfile> load(const std::string& body, const Variables& variables = {}) {
        return world.load_text("schema: mirrorctl.profile/1\nname: t\n" + body, variables);
    }
};

TEST_F(Extends, MergesUpstreamsByNameMirrorsByUrlAndReplacesScalars) {
    auto loaded = load(R"(extends: [a, b]
upstreams:
  docker.io:
    mirrors:
      - { url: "https://own.test" }
      - { url: "https://one.test", limits: fast }
policy: { keep: 2 }
)");
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const auto& profile = loaded->profile;
    EXPECT_EQ(urls(profile, "docker.io"),
              (std::vector<std::string>{"https://own.test", "https://one.test", "https://two.test",
                                        "https://three.test"}));
    const auto& mirrors = profile.find("docker.io")->mirrors;
    EXPECT_EQ(mirrors[1].limits, "fast");
    EXPECT_EQ(mirrors[1].trust, Trust::resolve);
    EXPECT_EQ(mirrors[1].operator_name, "One");
    EXPECT_EQ(mirrors[2].trust, Trust::pull);
    EXPECT_EQ(mirrors[2].operator_name, "Two");
    EXPECT_EQ(mirrors[0].operator_name, "own.test");
    EXPECT_EQ(mirrors[0].trust, Trust::verify);
    EXPECT_EQ(profile.find("docker.io")->fallback, Fallback::none);
    EXPECT_EQ(profile.find("docker.io")->canaries.size(), 1U);
    EXPECT_EQ(urls(profile, "ghcr.io"), std::vector<std::string>{"https://g.test"});
    EXPECT_EQ(profile.policy.keep, 2);
    EXPECT_EQ(profile.policy.ttl, 6 * 3600);
    EXPECT_EQ(profile.name, "t");
    EXPECT_EQ(profile.as_of, "2026-10-01");
    EXPECT_EQ(loaded->description, "");
}

TEST_F(Extends, CirclesAreNamed) {
    world.root.put("/etc/mirrorctl/profiles/x.yaml", "schema: mirrorctl.profile/1\nname: x\nextends: [y]\n");
    world.root.put("/etc/mirrorctl/profiles/y.yaml",
                   "schema: mirrorctl.profile/1\nname: y\nextends: [a, x]\n");
    auto loaded = load_profile(world.sources(), "x");
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find(
                  "x.yaml -> /etc/mirrorctl/profiles/y.yaml -> /etc/mirrorctl/profiles/x.yaml"),
              std::string::npos)
        << loaded.error().message;
    EXPECT_EQ(loaded.error().location->file, "/etc/mirrorctl/profiles/y.yaml");
    EXPECT_EQ(loaded.error().location->line, 3);
    EXPECT_EQ(loaded.error().location->column, 14);
}

TEST_F(Extends, AFanOfProfilesEnds) {
    for (int i = 0; i < 7; ++i) {
        auto next = cat("f", i + 1);
        world.root.put(cat("/etc/mirrorctl/profiles/f", i, ".yaml"),
                       cat("schema: mirrorctl.profile/1\nname: f", i, "\nextends: [", next, ", ", next, ", ",
                           next, "]\n"));
    }
    world.root.put("/etc/mirrorctl/profiles/f7.yaml", "schema: mirrorctl.profile/1\nname: f7\n");
    auto loaded = load_profile(world.sources(), "f0");
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("too far"), std::string::npos);
}

TEST_F(Extends, AFileMayExtendTheEmbeddedProfileThatItHides) {
    world.root.put(
        "/etc/mirrorctl/profiles/cn.yaml",
        "schema: mirrorctl.profile/1\nname: cn\nextends: [cn]\nupstreams:\n  docker.io:\n    mirrors:\n"
        "      - { url: \"https://mine.test\", trust: resolve }\n");
    auto loaded = load_profile(world.sources(), "cn");
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ(loaded->profile.loaded_from, "/etc/mirrorctl/profiles/cn.yaml");
    EXPECT_EQ(urls(loaded->profile, "docker.io").front(), "https://mine.test");
    EXPECT_EQ(urls(loaded->profile, "docker.io").size(), 8U);
    EXPECT_EQ(loaded->profile.upstreams.size(), 9U);
}

TEST_F(Extends, PathsCountFromTheFile) {
    world.host.put("/srv/p/base.yaml", kA);
    world.host.put("/srv/p/sub/t.yaml",
                   "schema: mirrorctl.profile/1\nname: t\nextends: [/srv/p/base.yaml]\n");
    world.host.put("/home/user/t.yaml", "schema: mirrorctl.profile/1\nname: t\nextends: [./base.yaml]\n");
    world.host.put("/home/user/base.yaml", kB);
    EXPECT_EQ(load_profile(world.sources(), "/srv/p/sub/t.yaml")->profile.policy.keep, 5);
    EXPECT_EQ(load_profile(world.sources(), "./t.yaml")->profile.policy.ttl, 6 * 3600);
    EXPECT_EQ(load_profile(world.sources(), "t.yaml")->profile.loaded_from, "/home/user/t.yaml");
}

TEST_F(Extends, AMistakeInAnExtendedFileIsLocatedThere) {
    world.root.put("/etc/mirrorctl/profiles/a.yaml", kA + "polcy: {}\n");
    auto loaded = load("extends: [a]\n");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().location->file, "/etc/mirrorctl/profiles/a.yaml");
    EXPECT_EQ(loaded.error().location->line, 13);
}

const std::string kVariables = R"(variables:
  id: { required: false, description: the account }
  region: { description: the region }
upstreams:
  docker.io:
    mirrors:
      - { url: "https://${id}.m.test" }
      - { url: "https://${region}.m.test/v2/${id}", form: prefix }
      - { url: "https://plain.test" }
)";

TEST_F(Extends, UnsetVariablesLeaveMirrorsOutWithAWarning) {
    auto loaded = load(kVariables);
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ(urls(loaded->profile, "docker.io"), std::vector<std::string>{"https://plain.test"});
    ASSERT_EQ(loaded->warnings.size(), 2U);
    EXPECT_EQ(loaded->warnings[0].code, "variable_unset");
    EXPECT_NE(loaded->warnings[0].message.find("variable id is not set (the account)"), std::string::npos);
    EXPECT_NE(loaded->warnings[0].message.find("https://${id}.m.test"), std::string::npos);
    EXPECT_NE(loaded->warnings[0].hint.find("--var id="), std::string::npos);
}

TEST_F(Extends, GivenVariablesWinOverConfig) {
    Variables variables{.given = {{"id", "abc"}},
                        .config = {{"id", "old"}, {"region", "north"}, {"other", "x"}}};
    auto loaded = load(kVariables, variables);
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_TRUE(loaded->warnings.empty());
    EXPECT_EQ(urls(loaded->profile, "docker.io"),
              (std::vector<std::string>{"https://abc.m.test", "https://north.m.test/v2/abc",
                                        "https://plain.test"}));
}

TEST_F(Extends, AnUnknownGivenVariableIsAnError) {
    auto loaded = load(kVariables, {.given = {{"ids", "abc"}}});
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::usage);
    EXPECT_NE(loaded.error().message.find("unknown variable: ids"), std::string::npos);
    EXPECT_NE(loaded.error().hint.find("--var id="), std::string::npos);
}

TEST_F(Extends, VariablesCannotSmuggleStructureIn) {
    for (const char* value : {"a b", "x/../y", "bob:pw@evil", "a\nform: base", "a#b", "a?b"}) {
        auto loaded = load(kVariables, {.given = {{"id", value}}});
        EXPECT_FALSE(loaded) << value;
    }
}

TEST_F(Extends, AVariableInTheOriginMustBeSet) {
    auto loaded = load("variables: { o: {} }\nupstreams: { r.test: { origin: \"https://${o}\" } }\n");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::usage);
    EXPECT_NE(loaded.error().message.find("origin: needs the variable o"), std::string::npos)
        << loaded.error().message;
    auto set = load("variables: { o: {} }\nupstreams: { r.test: { origin: \"https://${o}\" } }\n",
                    {.given = {{"o", "x.test"}}});
    ASSERT_TRUE(set) << to_string(set.error());
    EXPECT_EQ(set->profile.upstreams[0].origin.host, "x.test");
}

TEST_F(Extends, ProxySettingsWithAnUnsetVariableAreLeftOut) {
    const std::string body =
        "variables: { p: {} }\nproxy: { http: \"http://${p}:3128\", https: \"file:/etc/p\", no_proxy: "
        "[\"${p}\", .lan] }\n";
    auto loaded = load(body);
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_TRUE(loaded->profile.proxy.given);
    EXPECT_EQ(loaded->profile.proxy.http, "");
    EXPECT_EQ(loaded->profile.proxy.https, "file:/etc/p");
    EXPECT_EQ(loaded->profile.proxy.no_proxy, std::vector<std::string>{".lan"});
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_EQ(load(body, {.given = {{"p", "10.0.0.1"}}})->profile.proxy.http, "http://10.0.0.1:3128");
}

TEST(Lookup, UnknownNamesListWhatExists) {
    World world;
    world.root.put("/etc/mirrorctl/profiles/mine.yaml", kA);
    auto loaded = load_profile(world.sources(), "cn-aliun");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::unknown_profile);
    for (const char* part : {"unknown profile: cn-aliun", "cn-tencent", "global", "mine", "ru"})
        EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
    EXPECT_NE(loaded.error().hint.find("did you mean cn-aliyun?"), std::string::npos);
    for (const char* name : {"dead", "", "..", "CN", "example-harbor", "/no/such.yaml", "../cn.yaml"})
        EXPECT_EQ(load_profile(world.sources(), name).error().code, ErrorCode::unknown_profile) << name;
}

TEST(Lookup, TheNameInTheFileMustBeItsName) {
    World world;
    world.root.put("/etc/mirrorctl/profiles/mine.yaml", kA);
    auto loaded = load_profile(world.sources(), "mine");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().location->line, 2);
    EXPECT_EQ(loaded.error().location->column, 7);
}

TEST(Lookup, AnUnreadableFileIsNotHiddenByTheEmbeddedProfile) {
    World world;
    world.root.put("/etc/mirrorctl/profiles/cn.yaml", kA);
    world.root.deny("/etc/mirrorctl/profiles/cn.yaml");
    auto loaded = load_profile(world.sources(), "cn");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::permission_denied);
}

TEST(Lookup, ABrokenFileStandsInTheListWithItsError) {
    World world;
    world.root.put("/etc/mirrorctl/profiles/zz.yaml", "schema: mirrorctl.profile/1\nname: zz\nupstrem: {}\n");
    auto list = list_profiles(world.root);
    ASSERT_EQ(list.back().name, "zz");
    EXPECT_NE(list.back().error.find("zz.yaml:3:1: unknown key: upstrem"), std::string::npos)
        << list.back().error;
}

TEST(Show, LoadsAgainToTheSameProfile) {
    World world;
    Variables variables{
        .config = {{"aliyun_id", "abc"}, {"aliyun_region", "cn-hangzhou"}, {"huawei_id", "123"}}};
    for (const auto& name : profile_names(world.root)) {
        auto first = load_profile(world.sources(), name, variables);
        ASSERT_TRUE(first) << to_string(first.error());
        auto again = world.load_text(to_yaml(first->profile));
        ASSERT_TRUE(again) << to_string(again.error()) << to_yaml(first->profile);
        EXPECT_EQ(again->profile.upstreams, first->profile.upstreams) << name;
        EXPECT_EQ(again->profile.policy, first->profile.policy) << name;
        EXPECT_EQ(again->profile.sha256, first->profile.sha256) << name;
        EXPECT_EQ(to_yaml(again->profile), to_yaml(first->profile));
    }
}

TEST(Show, MasksSecretsAndTheHashDoesNotKnowThem) {
    World world;
    const std::string head = "schema: mirrorctl.profile/1\nname: t\nproxy: { http: \"http://bob:";
    auto one = world.load_text(head + "hunter2@p:1\" }\n");
    auto two = world.load_text(head + "other@p:1\" }\n");
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->profile.proxy.http, "http://bob:hunter2@p:1");
    EXPECT_EQ(to_yaml(one->profile).find("hunter2"), std::string::npos);
    EXPECT_EQ(profile_json(one->profile).find("hunter2"), std::string::npos);
    EXPECT_EQ(one->profile.sha256, two->profile.sha256);
}

TEST(Show, TheHashFollowsWhatMatters) {
    World world;
    auto one = world.load_text(kA);
    auto same = world.load_text("# a comment\n" + replace_all(kA, "description: the first\n", ""));
    auto other = world.load_text(replace_all(kA, "keep: 5", "keep: 4"));
    ASSERT_TRUE(one && same && other);
    EXPECT_EQ(one->profile.sha256, same->profile.sha256);
    EXPECT_NE(one->profile.sha256, other->profile.sha256);
}

}  // namespace
}  // namespace mirrorctl::profile::testing::resolve_test
