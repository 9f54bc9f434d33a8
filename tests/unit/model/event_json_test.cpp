#include "model/json/event_json.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::event_json_test {
namespace {

template <class E>
E through(const E& event) {
    auto read = event_from_json(event_to_json(event));
    EXPECT_TRUE(read);
    return std::get<E>(*read);
}

TEST(EventJson, ComesBackAsItWas) {
    auto started = through(BenchStarted{.candidates = 7, .budget_s = 4.5});
    EXPECT_EQ(started.candidates, 7);
    EXPECT_EQ(started.budget_s, 4.5);
    auto progress = through(CandidateProgress{.upstream = "docker.io",
                                              .url = "https://m.test",
                                              .stage = "blob",
                                              .bytes = 1 << 20,
                                              .rate_bps = 5e6});
    EXPECT_EQ(progress.upstream, "docker.io");
    EXPECT_EQ(progress.url, "https://m.test");
    EXPECT_EQ(progress.stage, "blob");
    EXPECT_EQ(progress.bytes, 1 << 20);
    EXPECT_EQ(progress.rate_bps, 5e6);
    Measurement m;
    m.mirror.url = *parse_url("https://m.test");
    m.fault = Fault::html;
    m.reason = "it sent a page";
    auto finished = through(CandidateFinished{.upstream = "docker.io", .measurement = m});
    EXPECT_EQ(finished.measurement.mirror.url.str(), "https://m.test");
    EXPECT_EQ(finished.measurement.fault, Fault::html);
    EXPECT_EQ(finished.measurement.reason, "it sent a page");
    EXPECT_EQ(through(BenchFinished{.elapsed_s = 2.5}).elapsed_s, 2.5);
}

TEST(EventJson, WhatIsNotAnEventIsAnError) {
    for (const char* text :
         {"", "1", "[]", "{}", "{\"event\":1}", "{\"event\":\"else\"}", "{\"event\":\"progress\"}",
          "{\"event\":\"started\",\"candidates\":\"7\",\"budget_s\":1}",
          "{\"event\":\"finished\",\"upstream\":\"x\",\"measurement\":\"{}\"}",
          "{\"event\":\"over\",\"elapsed_s\":null}"}) {
        auto read = event_from_json(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::parse) << text;
    }
}

TEST(EventJson, TextIsPrintableAndNumbersAreSane) {
    auto read = event_from_json(
        R"({"event":"progress","upstream":"a\u001b[31m","url":"u\n","stage":"s","bytes":-5,"rate_bps":-1})");
    ASSERT_TRUE(read);
    const auto& progress = std::get<CandidateProgress>(*read);
    EXPECT_EQ(progress.upstream.find('\x1b'), std::string::npos);
    EXPECT_EQ(progress.url.find('\n'), std::string::npos);
    EXPECT_EQ(progress.bytes, 0);
    EXPECT_EQ(progress.rate_bps, 0);
    EXPECT_EQ(event_to_json(StepDone{.what = "wrote", .object = "/etc"}), "");
}

}  // namespace
}  // namespace mirrorctl::event_json_test
