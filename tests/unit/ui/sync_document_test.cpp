#include "ui/sync_document.hpp"

#include "ui/sync_progress.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mirrorctl::ui::sync_document_test {
namespace {

SyncDocument sample() {
    SyncDocument document{
        .bytes_read = 3 << 20, .bytes_written = 1 << 20, .blobs_mounted = 2, .seconds = 1.5};
    document.images.push_back({.source = "docker.io/library/a:1",
                               .destination = "hub.example/p/a:1",
                               .outcome = "copied",
                               .why = {},
                               .source_digest = "sha256:1",
                               .destination_digest = "sha256:1",
                               .bytes = 3 << 20});
    document.images.push_back({.source = "quay.io/b:2",
                               .destination = "hub.example/p/b:2",
                               .outcome = "skipped",
                               .why = "it is there already"});
    document.images.push_back(
        {.source = "quay.io/c",
         .destination = "",
         .outcome = "failed",
         .why = "no such\x1b[2J repository at https://u:secret@quay.io",
         .error = Error{.code = ErrorCode::not_found,
                        .message = "no such repository",
                        .hint = "check the name",
                        .location = Location{.file = "images.json", .line = 4, .column = 2}}});
    return document;
}

TEST(SyncDocument, JsonTellsEveryImage) {
    auto json = nlohmann::json::parse(sync_json(sample()));
    EXPECT_EQ(json["schema"], "mirrorctl.sync/1");
    EXPECT_EQ(json["changed"], true);
    EXPECT_EQ(json["totals"]["failed"], 1);
    EXPECT_EQ(json["totals"]["skipped"], 1);
    EXPECT_EQ(json["images"][0]["destination_digest"], "sha256:1");
    EXPECT_EQ(json["images"][1]["why"], "it is there already");
    EXPECT_EQ(json["images"][2]["destination"], nullptr);
    EXPECT_EQ(json["images"][2]["error"]["code"], "not_found");
    EXPECT_EQ(json["images"][2]["error"]["line"], 4);
    EXPECT_EQ(json["error"], nullptr);
}

TEST(SyncDocument, RuleErrorsAreAllThere) {
    SyncDocument document;
    for (int line : {2, 3})
        document.errors.push_back({.code = ErrorCode::parse,
                                   .message = "wrong",
                                   .location = Location{.file = "images.json", .line = line, .column = 1}});
    auto json = nlohmann::json::parse(sync_json(document));
    EXPECT_EQ(json["errors"].size(), 2U);
    EXPECT_EQ(json["error"]["line"], 2);
    EXPECT_EQ(json["changed"], false);
}

TEST(SyncDocument, TextNamesWhatFailedAndCountsTheRest) {
    auto text = sync_text(sample(), Term(), false);
    EXPECT_EQ(text.find("library/a:1"), std::string::npos);
    EXPECT_NE(text.find("quay.io/c -> (all destinations)"), std::string::npos) << text;
    EXPECT_NE(text.find("hint: check the name"), std::string::npos);
    EXPECT_NE(
        text.find("1 copied, 1 skipped, 1 failed; read 3.0 MiB, wrote 1.0 MiB in 1.50 s, 2 blobs mounted"),
        std::string::npos)
        << text;
    EXPECT_NE(sync_text(sample(), Term(), true).find("it is there already"), std::string::npos);
    for (const auto& shown : {text, sync_json(sample())}) {
        EXPECT_EQ(shown.find('\x1b'), std::string::npos);
        EXPECT_EQ(shown.find("secret"), std::string::npos);
    }
}

TEST(SyncDocument, NothingSelectedIsSaid) {
    EXPECT_NE(sync_text({}, Term(), false).find("no image was selected"), std::string::npos);
}

TEST(SyncProgress, APipeGetsALineNowAndThen) {
    std::string out;
    SyncProgress progress(Term(), [&](std::string_view text) { out += text; });
    SyncState state{.planning = false,
                    .images_done = 1,
                    .images_total = 4,
                    .bytes_done = 10 << 20,
                    .bytes_total = 30 << 20,
                    .rate = 2 << 20};
    for (state.seconds = 0; state.seconds < 25; state.seconds += 0.1) progress.update(state);
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2) << out;
    EXPECT_NE(out.find("1 of 4 images, 10.0 MiB of 30.0 MiB, 2.0 MiB/s, 10.0 s left"), std::string::npos)
        << out;
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace mirrorctl::ui::sync_document_test
