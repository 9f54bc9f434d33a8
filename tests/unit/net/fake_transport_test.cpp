// The fake behaves as the real transport does, on fake time: what the scheduling tests of other folders build
// on.
#include "support/fake_transport.hpp"

#include "recorder.hpp"

#include <gmock/gmock.h>

namespace mirrorctl::net::fake_transport_test {
namespace {

using support::Answer;
using support::FakeClock;
using support::FakeTransport;
using testing::HasSubstr;

class FakeTransportTest : public testing::Test {
  protected:
    Response run(const Request& request) {
        recorder = Recorder();
        transport.start(request, recorder);
        run_all(transport);
        return recorder.response;
    }
    FakeClock clock;
    FakeTransport transport{clock};
    Recorder recorder;
};

TEST_F(FakeTransportTest, RatesAndDelaysAreExact) {
    transport.on("https://a.test/*",
                 {.body = std::string(100'000, 'x'), .connect = 0.1, .first_byte = 0.2, .rate = 50'000});
    auto response = run(get("https://a.test/blob"));
    EXPECT_FALSE(response.error);
    EXPECT_EQ(response.bytes, 100'000);
    EXPECT_NEAR(response.timing.connect, 0.1, 1e-9);
    EXPECT_NEAR(response.timing.first_byte, 0.3, 1e-9);
    EXPECT_NEAR(response.timing.total, 2.3, 1e-6);
    EXPECT_EQ(recorder.body_calls, 7);
}

TEST_F(FakeTransportTest, TheLineIsShared) {
    transport.on("http://*", {.body = std::string(100'000, 'x'), .connect = 0, .first_byte = 0});
    transport.line_rate = 100'000;
    Recorder second;
    transport.start(get("http://b.test/"), second);
    EXPECT_NEAR(run(get("http://a.test/")).timing.total, 2, 0.2);
    EXPECT_EQ(transport.most_at_once, 2);
}

TEST_F(FakeTransportTest, FaultsEndAtTheirTimes) {
    transport.on("http://hole.test/", {.black_hole = true});
    transport.on("http://mute.test/", {.silent = true});
    transport.on("http://stall.test/", {.body = "abcdef", .stall_at = 3});
    transport.on("http://reset.test/", {.body = "abcdef", .reset_at = 3});
    EXPECT_THAT(run(get("http://hole.test/")).error->message, HasSubstr("while connecting"));
    EXPECT_NEAR(recorder.response.timing.total, 5, 1e-9);
    EXPECT_THAT(run(get("http://mute.test/")).error->message, HasSubstr("waiting for the first byte"));
    EXPECT_NEAR(recorder.response.timing.total, 30, 1e-9);
    EXPECT_THAT(run(get("http://stall.test/")).error->message, HasSubstr("while reading"));
    EXPECT_EQ(recorder.body, "abc");
    EXPECT_THAT(run(get("http://reset.test/")).error->message, HasSubstr("reset"));
    EXPECT_EQ(recorder.body, "abc");
    EXPECT_THAT(run(get("http://unknown.test/")).error->message, HasSubstr("could not resolve"));
}

TEST_F(FakeTransportTest, LimitsRangesAndCancelling) {
    transport.on("http://a.test/", {.body = "0123456789"});
    auto request = get("http://a.test/");
    request.headers = {{"Range", "bytes=2-4"}};
    EXPECT_EQ(run(request).status, 206);
    EXPECT_EQ(recorder.body, "234");
    EXPECT_EQ(recorder.response.header("content-range"), "bytes 2-4/10");
    request = get("http://a.test/");
    for (auto [limit, truncated] : {std::pair{9, true}, {10, false}}) {
        request.max_body_bytes = limit;
        EXPECT_EQ(run(request).truncated, truncated);
    }
    Recorder silent;
    auto id = transport.start(request, silent);
    silent.headers_hook = [&](const Response&) {
        transport.cancel(id);
        return true;
    };
    run_all(transport);
    EXPECT_EQ(silent.done_calls + silent.body_calls, 0);
    EXPECT_EQ(transport.count("http://a.test/"), 4U);
}

}  // namespace
}  // namespace mirrorctl::net::fake_transport_test
