// What the process that copies says arrives as it was meant, and nothing else is believed.
#include "ui/sync_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::ui::sync_messages_test {
namespace {

using testing::HasSubstr;
using testing::Not;

SyncImage failed_image() {
    return {.source = "quay.io/coreos/etcd:v3",
            .destination = "hub.example/coreos/etcd:v3",
            .outcome = "failed",
            .why = "no such project",
            .error = Error{.code = ErrorCode::http, .message = "no such project", .hint = "--create-project"},
            .source_digest = "sha256:aa",
            .destination_digest = "",
            .bytes = 5'000'000'000,
            .seconds = 1.5,
            .notes = {"one", "two"}};
}

TEST(SyncMessages, AnImage) {
    auto image = read_image(image_message(failed_image()));
    ASSERT_TRUE(image) << to_string(image.error());
    EXPECT_EQ(image->source, "quay.io/coreos/etcd:v3");
    EXPECT_EQ(image->destination, "hub.example/coreos/etcd:v3");
    EXPECT_EQ(image->outcome, "failed");
    EXPECT_EQ(image->why, "no such project");
    ASSERT_TRUE(image->error);
    EXPECT_EQ(image->error->code, ErrorCode::http);
    EXPECT_EQ(image->error->hint, "--create-project");
    EXPECT_EQ(image->source_digest, "sha256:aa");
    EXPECT_EQ(image->bytes, 5'000'000'000);
    EXPECT_DOUBLE_EQ(image->seconds, 1.5);
    EXPECT_EQ(image->notes, (std::vector<std::string>{"one", "two"}));
}

TEST(SyncMessages, TheDocumentIsTheSameOnBothSides) {
    SyncDocument said{.images = {failed_image()},
                      .warnings = {{.code = "sync", .message = "slow", .hint = "wait"}},
                      .bytes_read = 7,
                      .bytes_written = 8,
                      .blobs_mounted = 2,
                      .seconds = 3.25,
                      .interrupted = true,
                      .quota_exhausted = true};
    auto heard = read_end(end_message(said));
    ASSERT_TRUE(heard) << to_string(heard.error());
    EXPECT_TRUE(heard->images.empty());
    auto image = read_image(image_message(said.images.front()));
    ASSERT_TRUE(image);
    heard->images.push_back(*image);
    EXPECT_EQ(sync_json(*heard), sync_json(said));
}

TEST(SyncMessages, HowFarItIs) {
    auto state =
        read_state(state_message({.planning = false,
                                  .images_done = 1,
                                  .images_total = 2,
                                  .bytes_done = 3,
                                  .bytes_total = 4,
                                  .seconds = 5,
                                  .rate = 6,
                                  .streams = {{.digest = "d", .from = "h", .bytes = 7, .size = 8}}}));
    ASSERT_TRUE(state) << to_string(state.error());
    EXPECT_FALSE(state->planning);
    EXPECT_EQ(state->images_done, 1U);
    EXPECT_EQ(state->images_total, 2U);
    EXPECT_EQ(state->bytes_done, 3);
    EXPECT_EQ(state->bytes_total, 4);
    EXPECT_EQ(state->seconds, 5);
    EXPECT_EQ(state->rate, 6);
    ASSERT_EQ(state->streams.size(), 1U);
    EXPECT_EQ(state->streams[0].from, "h");
    EXPECT_EQ(state->streams[0].size, 8);
}

TEST(SyncMessages, NothingElseIsBelieved) {
    auto odd = failed_image();
    odd.source = "a\x1b[2J";
    odd.bytes = -5;
    auto read = read_image(image_message(odd));
    ASSERT_TRUE(read);
    EXPECT_THAT(read->source, Not(HasSubstr("\x1b")));
    EXPECT_EQ(read->bytes, 0);
    odd.outcome = "wonderful";
    EXPECT_FALSE(read_image(image_message(odd)));
    for (const auto* text : {"", "[]", "{}", R"({"schema": "mirrorctl.sync-image"})"}) {
        EXPECT_FALSE(read_image(text)) << text;
        EXPECT_FALSE(read_state(text)) << text;
        EXPECT_FALSE(read_end(text)) << text;
    }
    EXPECT_FALSE(read_end(image_message(failed_image())));
}

}  // namespace
}  // namespace mirrorctl::ui::sync_messages_test
