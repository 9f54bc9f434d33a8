// Every rule form of image-syncer with its expected result, and every mistake that can be found early.
#include "sync/rules.hpp"

#include "base/strings.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sync::rules_test {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kOther = "sha256:" + std::string(64, 'b');

std::optional<std::string> variable(const char* name) {
    if (std::string_view(name) == "TEAM") return "blue";
    return std::nullopt;
}

RuleList read(const std::string& json) {
    auto document = read_json(json, "images.json");
    if (!document) {
        ADD_FAILURE() << to_string(document.error());
        return {};
    }
    return read_rules(*document, variable);
}

RuleList pair(const std::string& source, const std::string& destination) {
    return read(cat("{\n  \"", source, "\": \"", destination, "\"\n}"));
}

// "source -> destination, destination"
std::string shown(const RuleList& list) {
    std::string out;
    for (const auto& rule : list.rules) {
        out += out.empty() ? "" : "; ";
        out += source_text(rule) + " ->";
        for (const auto& destination : rule.destinations) out += " " + destination.str();
    }
    for (const auto& error : list.errors) out += " !" + to_string(error);
    return out;
}

std::string only_error(const RuleList& list) {
    EXPECT_EQ(list.errors.size(), 1U) << shown(list);
    EXPECT_TRUE(list.errors.empty() || list.errors.front().location.has_value());
    EXPECT_TRUE(list.errors.empty() || !list.errors.front().hint.empty());
    return list.errors.empty() ? "" : to_string(list.errors.front());
}

using testing::Test;

TEST(Rules, AllTags) {
    auto list = pair("src.example/app/web", "hub.example/app/web");
    EXPECT_EQ(shown(list), "src.example/app/web -> hub.example/app/web");
    EXPECT_EQ(list.rules.at(0).selector.kind, Selector::Kind::all);
    EXPECT_EQ(list.rules.at(0).where.line, 2);
}

TEST(Rules, OneTagAndTagLists) {
    EXPECT_EQ(shown(pair("src.example/a/w:1.4", "hub.example/a/w")),
              "src.example/a/w:1.4 -> hub.example/a/w");
    EXPECT_EQ(shown(pair("src.example/a/w:1.4, 1.5", "hub.example/a/w")),
              "src.example/a/w:1.4,1.5 -> hub.example/a/w");
    EXPECT_EQ(shown(pair("src.example/a/w:1.4,1.5", "hub.example/a/w:old,new")),
              "src.example/a/w:1.4 -> hub.example/a/w:old; src.example/a/w:1.5 -> hub.example/a/w:new");
}

TEST(Rules, TagsThatDoNotMatchInNumber) {
    EXPECT_NE(only_error(pair("src.example/a/w:1.4,1.5", "hub.example/a/w:x")).find("the source selects 2"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w", "hub.example/a/w:only")).find("any number"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w:/1/", "hub.example/a/w:a,b")).find("names 2"),
              std::string::npos);
}

TEST(Rules, Digests) {
    EXPECT_EQ(shown(pair("src.example/a/w@" + kDigest, "hub.example/a/w")),
              "src.example/a/w@" + kDigest + " -> hub.example/a/w");
    EXPECT_EQ(shown(pair("src.example/a/w@" + kDigest, "hub.example/a/w:pinned")),
              "src.example/a/w@" + kDigest + " -> hub.example/a/w:pinned");
    EXPECT_EQ(shown(pair("src.example/a/w@" + kDigest, "hub.example/a/w@" + kDigest)),
              "src.example/a/w@" + kDigest + " -> hub.example/a/w");
    EXPECT_NE(only_error(pair("src.example/a/w@" + kDigest, "hub.example/a/w@" + kOther)).find("digest"),
              std::string::npos);
    auto both = pair("src.example/a/w:1.4@" + kDigest, "hub.example/a/w");
    EXPECT_EQ(both.rules.at(0).selector.digest, kDigest);
    EXPECT_EQ(both.rules.at(0).selector.tag, "1.4");
    auto longer = "sha512:" + std::string(128, 'c');
    EXPECT_EQ(pair("src.example/a/w@" + longer, "hub.example/a/w").rules.at(0).selector.digest, longer);
    EXPECT_NE(only_error(pair("src.example/a/w@sha256:12", "hub.example/a/w")).find("not a digest"),
              std::string::npos);
}

TEST(Rules, RegularExpressions) {
    auto list = pair("src.example/a/w:/^1\\\\.[0-9]+$/", "hub.example/a/w");
    ASSERT_EQ(list.rules.size(), 1U) << shown(list);
    EXPECT_TRUE(list.rules[0].selector.matches("1.12"));
    EXPECT_FALSE(list.rules[0].selector.matches("1.12-rc"));
    auto loose = pair("src.example/a/w:/v1.0/", "hub.example/a/w");
    EXPECT_TRUE(loose.rules.at(0).selector.matches("xv1x0"));
    auto odd = pair("localhost:5000/w:/a,b|c/d/", "hub.example/a/w");
    EXPECT_EQ(odd.rules.at(0).selector.pattern, "a,b|c/d");
    EXPECT_EQ(odd.rules.at(0).source.registry, "localhost:5000");
    EXPECT_NE(only_error(pair("src.example/a/w:/v(1/", "hub.example/a/w")).find("bad regular expression"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w:/v1", "hub.example/a/w")).find("closing slash"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w", "hub.example/a/w:/x/")).find("in a destination"),
              std::string::npos);
}

TEST(Rules, SeveralDestinationsWithoutDuplicates) {
    auto list =
        read(R"({"src.example/a/w:1.4": ["hub.example/a/w", "hub.example/b/w:z", "hub.example/a/w"]})");
    EXPECT_EQ(shown(list), "src.example/a/w:1.4 -> hub.example/a/w hub.example/b/w:z");
}

TEST(Rules, DestinationsOfWrongKind) {
    for (const char* value : {R"("")", "[]", "7", "{}", "null", R"(["hub.example/a/w", 7])"}) {
        auto list = read(cat("{\"src.example/a/w\":\n  ", value, "}"));
        EXPECT_EQ(only_error(list).find("images.json:2:"), 0U) << value;
    }
}

TEST(Rules, VariablesInDestinationsOnly) {
    EXPECT_EQ(shown(pair("src.example/a/w:1", "hub.example/${TEAM}/w")),
              "src.example/a/w:1 -> hub.example/blue/w");
    EXPECT_EQ(shown(pair("src.example/a/w:1", "hub.example/$TEAM/w")),
              "src.example/a/w:1 -> hub.example/blue/w");
    EXPECT_NE(only_error(pair("src.example/a/w:1", "hub.example/$NOPE/w")).find("not set: NOPE"),
              std::string::npos);
    EXPECT_EQ(pair("src.example/$TEAM/w:1", "hub.example/a/w").errors.size(), 1U);
}

TEST(Rules, NamesAsDockerNormalisesThem) {
    EXPECT_EQ(shown(pair("nginx:1.27", "hub.example/lib/nginx")),
              "docker.io/library/nginx:1.27 -> hub.example/lib/nginx");
    EXPECT_EQ(shown(pair("team/app", "hub.example/x/app")), "docker.io/team/app -> hub.example/x/app");
    EXPECT_EQ(shown(pair("registry.hub.docker.com/nginx:1", "hub.example/x/n")),
              "docker.io/library/nginx:1 -> hub.example/x/n");
    EXPECT_EQ(shown(pair("a/b:1", "localhost:5000/b")), "docker.io/a/b:1 -> localhost:5000/b");
}

TEST(Rules, WhatIsNoImage) {
    EXPECT_NE(only_error(pair("https://src.example/a/w", "hub.example/a/w")).find("a URL"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w", "hub.example:5000")).find("without a repository"),
              std::string::npos);
    EXPECT_NE(only_error(pair("src.example/a/w:bad tag", "hub.example/a/w")).find("not a tag"),
              std::string::npos);
    EXPECT_EQ(pair("", "hub.example/a/w").errors.size(), 1U);
    auto list = read(R"(["a"])");
    EXPECT_NE(only_error(list).find("not a rule file"), std::string::npos);
}

TEST(Rules, SourceEqualToDestination) {
    EXPECT_NE(only_error(pair("hub.example/a/w:1", "hub.example/a/w")).find("are the same"),
              std::string::npos);
    EXPECT_EQ(pair("hub.example/a/w", "hub.example/a/w").errors.size(), 1U);
    EXPECT_EQ(pair("hub.example/a/w:1,2", "hub.example/a/w:3,2").errors.size(), 1U);
    EXPECT_EQ(pair("nginx:1", "docker.io/library/nginx").errors.size(), 1U);
    EXPECT_TRUE(pair("hub.example/a/w:1", "hub.example/a/w:2").errors.empty());
    EXPECT_TRUE(pair("hub.example/a/w@" + kDigest, "hub.example/a/w:2").errors.empty());
}

TEST(Rules, TwoSourcesForOneName) {
    auto list = read("{\"a.example/x/w:1\": \"hub.example/p/w\",\n\"b.example/y/w:1\": \"hub.example/p/w\"}");
    auto text = only_error(list);
    EXPECT_NE(text.find("two sources for one name: hub.example/p/w:1"), std::string::npos) << text;
    EXPECT_EQ(list.errors.at(0).code, ErrorCode::conflict);
    EXPECT_EQ(list.errors.at(0).location->line, 2);
    EXPECT_TRUE(read(R"({"a.example/x/w:1": "hub.example/p/w", "a.example/x/w:1,2": "hub.example/p/w"})")
                    .errors.empty());
    EXPECT_TRUE(read(R"({"a.example/x/w:1": "hub.example/p/w", "b.example/y/w:1": "hub.example/p/w:2"})")
                    .errors.empty());
}

TEST(Rules, AllMistakesAtOnce) {
    auto list = read(R"({"a:/(/": "hub.example/a", "b": 3, "c:1": "hub.example/c"})");
    EXPECT_EQ(list.errors.size(), 2U);
    EXPECT_EQ(list.rules.size(), 1U);
}

TEST(Rules, DuplicateKeysNameBothLines) {
    auto document = read_json("{\"a\": \"hub.example/a\",\n\"a\": \"hub.example/b\"}", "images.json");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::duplicate_key);
    EXPECT_EQ(document.error().location->file, "images.json");
}

// The examples of image-syncer's repository (examples/images.json and its README), unchanged.
TEST(Rules, ExamplesOfImageSyncer) {
    auto list = read(R"({
    "quay.io/coreos/kube-rbac-proxy": "quay.io/ruohe/kube-rbac-proxy",
    "quay.io/coreos/kube-rbac-proxy:v1.0": "quay.io/ruohe/kube-rbac-proxy",
    "quay.io/coreos/kube-rbac-proxy:v1.0,v2.0": "quay.io/ruohe/kube-rbac-proxy",
    "quay.io/coreos/kube-rbac-proxy:v1.1": ["quay.io/ruohe/kube-rbac-proxy1", "quay.io/ruohe/kube-rbac-proxy2"],
    "quay.io/coreos/kube-rbac-proxy:/a+/": "quay.io/ruohe/kube-rbac-proxy",
    "xxxx":"xxxxx",
    "xxx/xxx/xx:tag1,tag2,tag3":"xxx/xxx/xx2"
})");
    EXPECT_TRUE(list.errors.empty()) << shown(list);
    EXPECT_EQ(list.rules.size(), 7U);
    EXPECT_EQ(list.rules.at(5).destinations.at(0).str(), "docker.io/library/xxxxx");
}

std::string refs(const std::vector<std::string>& references, const std::string& to, bool keep_path = false) {
    return shown(reference_rules(references, {.to = to, .keep_path = keep_path}));
}

TEST(References, LastComponentTagAndDigestAreKept) {
    EXPECT_EQ(
        refs({"kubernetesui/metrics-scraper:v1.0.7"}, "hub.example.com/google_containers"),
        "docker.io/kubernetesui/metrics-scraper:v1.0.7 -> hub.example.com/google_containers/metrics-scraper");
    EXPECT_EQ(refs({"ghcr.io/org/team/app@" + kDigest}, "hub.example/p/q/"),
              "ghcr.io/org/team/app@" + kDigest + " -> hub.example/p/q/app");
    EXPECT_EQ(refs({"nginx"}, "localhost:5000"), "docker.io/library/nginx:latest -> localhost:5000/nginx");
    EXPECT_EQ(refs({"ghcr.io/org/team/app:1"}, "hub.example/p", true),
              "ghcr.io/org/team/app:1 -> hub.example/p/org/team/app");
    EXPECT_EQ(refs({"nginx:1"}, "docker.io/me"), "docker.io/library/nginx:1 -> docker.io/me/nginx");
}

TEST(References, WhatCannotBe) {
    for (const char* to :
         {"", "google_containers", "https://hub.example/p", "hub.example/UP", "hub.example/p:1"}) {
        auto list = reference_rules({"nginx:1"}, {.to = to});
        EXPECT_TRUE(list.rules.empty()) << to;
        ASSERT_EQ(list.errors.size(), 1U) << to;
        EXPECT_EQ(list.errors[0].code, ErrorCode::usage) << to;
    }
    EXPECT_NE(refs({"hub.example/p/nginx:1"}, "hub.example/p").find("are the same"), std::string::npos);
    EXPECT_NE(refs({"a/app:1", "b/app:1"}, "hub.example/p").find("two sources for one name"),
              std::string::npos);
    EXPECT_EQ(refs({"a/app:1", "b/app:1"}, "hub.example/p", true).find('!'), std::string::npos);
}

}  // namespace
}  // namespace mirrorctl::sync::rules_test
