// The command line of sync, and what becomes of --arch, --os and of what failed.
#include "cli/parse.hpp"
#include "cli/sync_inputs.hpp"
#include "cli/sync_outputs.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::cli::sync_options_test {
namespace {

SyncOptions parsed(const std::vector<std::string>& arguments) {
    auto result = parse(arguments);
    if (!result) {
        ADD_FAILURE() << to_string(result.error());
        return {};
    }
    return std::get<SyncOptions>(std::get<Invocation>(*result).options);
}

TEST(SyncParse, ImageSyncersCommandLine) {
    auto options = parsed({"sync", "--proc=6", "--auth=./auth.json", "--images=./images.json", "--retries=3",
                           "--arch", "amd64", "--arch", "arm64,arm:v7", "--os", "linux"});
    EXPECT_EQ(options.concurrency, 6);
    EXPECT_EQ(options.retries, 3);
    EXPECT_EQ(options.auth_file, "./auth.json");
    EXPECT_EQ(options.arch, (std::vector<std::string>{"amd64", "arm64", "arm:v7"}));
    EXPECT_TRUE(options.references.empty());
}

TEST(SyncParse, References) {
    auto options =
        parsed({"sync", "nginx:1", "-", "--to", "hub.example/p", "--keep-path", "-n", "--rate", "20MiB"});
    EXPECT_EQ(options.references, (std::vector<std::string>{"nginx:1", "-"}));
    EXPECT_EQ(options.rate, 20 << 20);
    EXPECT_TRUE(options.keep_path);
    EXPECT_TRUE(options.dry_run);
}

TEST(SyncParse, WhatMakesNoSense) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"sync"},
                                               {"sync", "nginx"},
                                               {"sync", "--from-node"},
                                               {"sync", "--images", "f", "--to", "h.example"},
                                               {"sync", "--images", "f", "--rate", "fast"},
                                               {"sync", "--images", "f", "--concurrency", "0"}}) {
        auto result = parse(words);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::usage);
        EXPECT_FALSE(result.error().hint.empty());
    }
}

TEST(SyncPlatforms, EveryPair) {
    auto platforms = parse_platforms({"amd64", "arm:v7"}, {"linux", "windows:10.0"});
    ASSERT_TRUE(platforms);
    ASSERT_EQ(platforms->size(), 4U);
    EXPECT_EQ(platforms->at(1).variant, "v7");
    EXPECT_EQ(platforms->at(2).os_version, "10.0");
    EXPECT_EQ(parse_platforms({"arm64"}, {})->at(0).os, "");
    EXPECT_TRUE(parse_platforms({}, {})->empty());
    EXPECT_EQ(parse_platforms({"x86_64"}, {}).error().hint, "did you mean amd64?");
    EXPECT_NE(parse_platforms({}, {"linus"}).error().hint.find("did you mean linux?"), std::string::npos);
}

TEST(SyncFailed, WhatFailedReadsAsRules) {
    std::vector<sync::Rule> rules(2);
    rules[1] = {.source = {"quay.io", "a/b"},
                .selector = {},
                .destinations = {{{"h.example", "b"}}, {{"h.example", "c"}}}};
    sync::SyncPlan plan;
    plan.refusals.push_back({.rule = 1, .source = {{"quay.io", "a/b"}}, .error = {.message = "gone"}});
    sync::SyncReport report;
    report.images.push_back(
        {.rule = 0, .source = {{"docker.io", "library/x"}, "1"}, .destination = {{"h.example", "x"}, "y"}});
    report.images.push_back({.rule = 0,
                             .source = {{"docker.io", "library/ok"}, "1"},
                             .destination = {{"h.example", "ok"}, "1"},
                             .outcome = sync::ImageResult::Outcome::skipped});
    auto text = rule_file(failed_images(rules, plan, report));
    EXPECT_EQ(text,
              "{\n    \"quay.io/a/b\": [\"h.example/b\", \"h.example/c\"],\n"
              "    \"docker.io/library/x:1\": \"h.example/x:y\"\n}\n");
    auto again = sync::read_rules(*sync::read_json(text, "f"), [](const char*) { return std::nullopt; });
    EXPECT_TRUE(again.errors.empty());
    EXPECT_EQ(again.rules.size(), 2U);
    EXPECT_EQ(rule_file(failed_images(rules, {}, {})), "{}\n");
}

sync::PlannedImage planned(const char* repository, const char* destination) {
    return {.source = {{"docker.io", repository}, "1", ""},
            .destination = {{"hub.example", destination}, "1"},
            .source_digest = "sha256:1",
            .digest = "sha256:1"};
}

TEST(SyncProfile, OnlyWhatKeepsItsPathIsAMirror) {
    sync::SyncPlan plan;
    plan.images = {planned("library/a", "p/library/a"), planned("library/b", "p/library/b"),
                   planned("library/c", "p/c"), planned("org/d", "org/d")};
    auto emitted = profile_of(plan, {{.prefix = "hub.example", .ca_file = "/ca.pem"}}, "site", "2026-11-28");
    ASSERT_EQ(emitted.profile.upstreams.size(), 1U);
    const auto& upstream = emitted.profile.upstreams[0];
    EXPECT_EQ(upstream.origin.str(), "https://registry-1.docker.io");
    ASSERT_EQ(upstream.mirrors.size(), 2U);
    EXPECT_EQ(upstream.mirrors[0].url.str(), "https://hub.example/v2/p");
    EXPECT_EQ(upstream.mirrors[0].form, MirrorForm::prefix);
    EXPECT_EQ(upstream.mirrors[0].ca, "/ca.pem");
    EXPECT_EQ(upstream.mirrors[0].canary->image, "library/a:1");
    EXPECT_EQ(upstream.mirrors[1].url.str(), "https://hub.example");
    EXPECT_EQ(upstream.mirrors[1].form, MirrorForm::host);
    EXPECT_EQ(emitted.left_out, std::vector<std::string>{"hub.example/p/c:1"});
}

}  // namespace
}  // namespace mirrorctl::cli::sync_options_test
