#include "model/json/plan_json.hpp"

#include "base/strings.hpp"
#include "model/json/receipt_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::plan_json_test {
namespace {

using ::testing::HasSubstr;

FileState state(std::string bytes, std::uint32_t mode = 0644) {
    return {.present = true,
            .bytes = std::move(bytes),
            .meta = {.mode = mode, .uid = 1, .gid = 2, .xattrs = {{"user.x", std::string("\0\xff", 2)}}}};
}

Plan full_plan() {
    Plan plan;
    plan.command = "apply";
    plan.version = "0.1.0";
    plan.profile = {.name = "cn", .sha256 = "abc", .from = "embedded"};
    plan.mirrors["docker.io"] = {
        {.url = "https://a", .trust = "resolve", .predicted_pull_seconds = 3.5, .measured = true}};
    plan.mirrors["ghcr.io"] = {};
    plan.dirs = {{.path = TargetPath("/etc/docker"), .meta = {.mode = 0755}, .create = true}};
    FileChange file;
    file.path = TargetPath("/etc/docker/daemon.json");
    file.resolved = TargetPath("/etc/docker/daemon.json");
    file.target = "docker-daemon";
    file.before = state(std::string("any \0 byte \xff\n", 13), 0600);
    file.after = state("{}\n", 06755);
    file.interim = state("[]");
    file.owned = {{"registry-mirrors", {"https://a", "https://b"}}};
    file.secret = true;
    plan.files = {file, file};
    plan.files[1].path = TargetPath("/etc/x");
    plan.files[1].after = {};
    plan.files[1].interim.reset();
    plan.activations = {{.unit = "docker.service",
                         .kind = ActivationKind::reload,
                         .reason = "r",
                         .consent = false,
                         .blocked_by = "b",
                         .deferred = true}};
    plan.checks = {{.subject = "docker.mirrors", .expected = {"https://a"}}};
    plan.pending = {{.unit = "u",
                     .kind = ActivationKind::restart,
                     .reason = "why",
                     .boot_id = "boot",
                     .since = 12.5,
                     .transaction = "20261123T101500Z-4f2a"}};
    plan.warnings = {{.code = "c", .message = "m", .hint = "h"}};
    plan.undoes = {"20261123T101500Z-4f2a"};
    return plan;
}

void expect_equal(const Plan& a, const Plan& b) {
    EXPECT_EQ(a.command, b.command);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.root, b.root);
    EXPECT_EQ(a.profile, b.profile);
    EXPECT_EQ(a.mirrors, b.mirrors);
    EXPECT_EQ(a.activations, b.activations);
    EXPECT_EQ(a.checks, b.checks);
    EXPECT_EQ(a.pending, b.pending);
    EXPECT_EQ(a.warnings, b.warnings);
    EXPECT_EQ(a.undoes, b.undoes);
    ASSERT_EQ(a.dirs.size(), b.dirs.size());
    for (std::size_t i = 0; i < a.dirs.size(); ++i) EXPECT_EQ(a.dirs[i].path, b.dirs[i].path);
    ASSERT_EQ(a.files.size(), b.files.size());
    for (std::size_t i = 0; i < a.files.size(); ++i) {
        EXPECT_EQ(a.files[i].path, b.files[i].path);
        EXPECT_EQ(a.files[i].resolved, b.files[i].resolved);
        EXPECT_EQ(a.files[i].target, b.files[i].target);
        EXPECT_EQ(a.files[i].before, b.files[i].before);
        EXPECT_EQ(a.files[i].after, b.files[i].after);
        EXPECT_EQ(a.files[i].interim, b.files[i].interim);
        EXPECT_EQ(a.files[i].undo_interim, b.files[i].undo_interim);
        EXPECT_EQ(a.files[i].owned, b.files[i].owned);
        EXPECT_EQ(a.files[i].secret, b.files[i].secret);
        EXPECT_EQ(a.files[i].allow_in_place, b.files[i].allow_in_place);
    }
}

TEST(PlanJson, RoundTrip) {
    auto text = plan_to_json(full_plan());
    auto read = plan_from_json(text);
    ASSERT_TRUE(read.has_value()) << to_string(read.error());
    expect_equal(*read, full_plan());
    EXPECT_EQ(plan_to_json(*read), text);
    ASSERT_TRUE(plan_from_json(plan_to_json(Plan{})).has_value());
}

TEST(PlanJson, TheStoredFormLeavesTheOldBytesOut) {
    auto text = stored_plan_to_json(full_plan());
    EXPECT_EQ(text.find(base64_encode(full_plan().files[0].before.bytes)), std::string::npos);
    auto read = stored_plan_from_json(text);
    ASSERT_TRUE(read.has_value()) << to_string(read.error());
    EXPECT_EQ(read->before_digests[0], full_plan().files[0].before.digest());
    EXPECT_EQ(read->plan.files[0].before.meta, full_plan().files[0].before.meta);
    EXPECT_EQ(read->plan.files[0].before.bytes, "");
    EXPECT_FALSE(plan_from_json(text).has_value()) << "not a plan that can be executed";
}

TEST(PlanJson, RefusesWhatNoPlanOfOursSays) {
    struct Case {
        std::string from, to, says;
    };
    std::vector<Case> cases = {
        {std::string(kPlanSchema), "mirrorctl.other/9", "schema"},
        {"\"/etc/docker/daemon.json\"", "\"etc/docker/daemon.json\"", "absolute path"},
        {"\"/etc/docker/daemon.json\"", "\"/etc/docker/../shadow\"", "absolute path"},
        {"\"/etc/docker/daemon.json\"", "\"/etc//daemon.json\"", "absolute path"},
        {"\"/etc/docker/daemon.json\"", "\"/etc/a\\nb\"", "absolute path"},
        {"\"/etc/docker/daemon.json\"", "7", "string"},
        {"\"mode\": 3565", "\"mode\": 99999", "whole number"},
        {"\"mode\": 3565", "\"mode\": -1", "whole number"},
        {"\"mode\": 3565", "\"mode\": 1.5", "whole number"},
        {"\"present\": true", "\"present\": \"yes\"", "true or false"},
        {"\"bytes\": \"e30K\"", "\"bytes\": \"e30L\"", "digest"},
        {"\"bytes\": \"e30K\"", "\"bytes\": \"***\"", "base64"},
        {"\"action\": \"reload\"", "\"action\": \"rm -rf\"", "known name"},
        {"\"activations\"", "\"activation\"", "array"},
        {"\"files\": [", "\"files\": [1,", "an object"},
        {"\"root\": \"/\",", "", "root"},
    };
    auto good = plan_to_json(full_plan());
    for (const auto& test : cases) {
        ASSERT_NE(good.find(test.from), std::string::npos) << test.from;
        auto read = plan_from_json(replace_all(good, test.from, test.to));
        ASSERT_FALSE(read.has_value()) << test.to;
        EXPECT_EQ(read.error().code, ErrorCode::parse);
        EXPECT_THAT(read.error().message, HasSubstr(test.says)) << test.to;
    }
}

TEST(PlanJson, NoTruncationIsAPlanAndNothingThrows) {
    auto good = plan_to_json(full_plan());
    for (std::size_t length = 0; length + 1 < good.size(); length += 7)
        EXPECT_FALSE(plan_from_json(std::string_view(good).substr(0, length)).has_value()) << length;
    for (const char* text : {"", "null", "[]", "1", "\"x\"", "{}", "{\"schema\":1}", "\xff\xfe"})
        EXPECT_FALSE(plan_from_json(text).has_value()) << text;
    EXPECT_FALSE(plan_from_json(std::string(100'000, '[')).has_value());
}

TEST(PlanJson, NoFlippedByteThrows) {
    auto good = plan_to_json(full_plan());
    for (std::size_t i = 0; i < good.size(); i += 11) {
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x15);
        (void)plan_from_json(bad);
    }
}

TEST(PendingJson, RoundTrip) {
    auto read = pending_from_json(pending_to_json(full_plan().pending));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, full_plan().pending);
    EXPECT_FALSE(pending_from_json("{}").has_value());
}

TEST(ReceiptJson, RoundTrip) {
    Receipt receipt{.transaction = "20261123T101500Z-4f2a",
                    .at = 1.5,
                    .command = "apply",
                    .actor = "root (sudo by \xe7\x8e\x8b)"};
    receipt.outcome = Outcome::rolled_back;
    receipt.files = {{.path = TargetPath("/etc/a"),
                      .target = "t",
                      .action = FileAction::remove,
                      .before_digest = "x",
                      .after_digest = "absent",
                      .owned = {{"k", {"v"}}}}};
    receipt.dirs = full_plan().dirs;
    receipt.activations = {
        {.unit = "u", .kind = ActivationKind::restart, .result = ActivationResult::failed, .detail = "d"}};
    receipt.pending = full_plan().pending;
    receipt.warnings = full_plan().warnings;
    receipt.error = Error{.code = ErrorCode::check_failed, .message = "m", .hint = "h"};
    receipt.undoes = {"20261123T101500Z-4f2b"};
    auto text = receipt_to_json(receipt);
    auto read = receipt_from_json(text);
    ASSERT_TRUE(read.has_value()) << to_string(read.error());
    EXPECT_EQ(receipt_to_json(*read), text);
    EXPECT_EQ(read->outcome, Outcome::rolled_back);
    EXPECT_EQ(read->error->code, ErrorCode::check_failed);
    EXPECT_EQ(read->files.at(0).owned, receipt.files.at(0).owned);
    EXPECT_EQ(read->actor, receipt.actor);
    auto newer = receipt_from_json(replace_all(text, "check_failed", "code_of_the_future"));
    ASSERT_TRUE(newer.has_value());
    EXPECT_EQ(newer->error->code, ErrorCode::internal);
    EXPECT_FALSE(receipt_from_json(replace_all(text, "rolled_back", "gone")).has_value());
    for (std::size_t length = 0; length + 1 < text.size(); length += 5)
        EXPECT_FALSE(receipt_from_json(std::string_view(text).substr(0, length)).has_value()) << length;
}

TEST(OwnershipJson, RoundTrip) {
    OwnershipSummary summary{.through = "20261123T101500Z-4f2a"};
    summary.owned.files[TargetPath("/etc/a")] = {.target = "t", .values = {{"k", {"v"}}}, .base = state("b")};
    summary.owned.files[TargetPath("/etc/b")] = {.target = "t", .values = {}, .base = {}};
    summary.owned.dirs = full_plan().dirs;
    auto read = ownership_from_json(ownership_to_json(summary));
    ASSERT_TRUE(read.has_value()) << to_string(read.error());
    EXPECT_EQ(ownership_to_json(*read), ownership_to_json(summary));
    EXPECT_EQ(read->owned.files.at(TargetPath("/etc/a")).base, state("b"));
}

TEST(PlainPath, Forms) {
    for (const char* good : {"/", "/a", "/etc/docker/daemon.json", "/a..b/.c"})
        EXPECT_TRUE(is_plain_path(good)) << good;
    for (const char* bad :
         {"", "a", "/a/", "//", "/a//b", "/..", "/a/../b", "/./a", "/a\tb", "/a\x1b[2J", "/a\xff"})
        EXPECT_FALSE(is_plain_path(bad)) << bad;
    EXPECT_FALSE(is_plain_path("/" + std::string(5000, 'a')));
}

}  // namespace
}  // namespace mirrorctl::plan_json_test
