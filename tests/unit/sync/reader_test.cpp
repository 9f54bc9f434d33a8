// Loop, pipe and reader on a clock of the test's own: who waits for whom, and at which byte another place
// goes on.
#include "sync/reader.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "support/fake_transport.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sync::reader_test {
namespace {

constexpr std::size_t kMiB = 1 << 20;

class Reader : public testing::Test {
  protected:
    support::FakeClock clock;
    support::FakeTransport transport{clock};
    bool stop = false;
    Loop loop{transport, clock, [this] { return stop; }};
    std::string bytes;
    registry::Part blob;
    std::map<std::string, registry::Host> hosts;
    Reading reading;
    std::string got;

    void SetUp() override {
        for (std::size_t i = 0; i < 2 * kMiB; ++i) bytes += static_cast<char>((i * 7919) >> 5U);
        blob = {.media_type = "",
                .digest = sha256_digest(bytes),
                .size = static_cast<std::int64_t>(bytes.size())};
    }

    registry::Repository place(const std::string& name, support::Answer answer) {
        transport.on(cat("http://", name, "/*"), std::move(answer));
        registry::HostSpec spec{.mirror = {.url = parse_url("http://" + name).value(), .operator_name = {}},
                                .upstream = "up.test",
                                .retries = 0};
        auto made = hosts.try_emplace(name, loop, std::move(spec));
        return {made.first->second, "team/app", {}};
    }

    Result<void> read(const std::vector<registry::Repository>& places) {
        Result<void> result;
        loop.run(
            [&] {
                BlobReader reader(loop, blob, reading);
                auto tap = reader.pipe().open();
                loop.parallel(2, 2, [&](std::size_t i) {
                    if (i == 0) {
                        result = reader.run(places);
                        if (!result) reader.pipe().fail(result.error());
                        return;
                    }
                    std::string room(50'000, '\0');
                    while (got.size() < bytes.size()) {
                        auto count = tap->take(room.data(), room.size());
                        if (count == 0) break;
                        got.append(room, 0, count);
                    }
                });
            },
            [] {});
        return result;
    }

    std::string range(std::size_t request) const {
        for (const auto& [name, value] : transport.requests.at(request).headers)
            if (name == "Range") return value;
        return "";
    }
};

TEST_F(Reader, OnePlaceGivesAll) {
    EXPECT_TRUE(read({place("a.test", {.body = bytes})}));
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(reading.bytes, blob.size);
    EXPECT_EQ(transport.requests.size(), 1U);
}

TEST_F(Reader, AResetGoesOnAtTheSameByte) {
    int times = 0;
    auto a = place("a.test", {});
    transport.on("http://a.test/*", [&](const net::Request&) {
        support::Answer answer{.body = bytes};
        if (++times == 1) answer.reset_at = 1'000'000;
        return answer;
    });
    EXPECT_TRUE(read({a}));
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(range(1), "bytes=1000000-");
    EXPECT_EQ(reading.bytes, blob.size);
}

TEST_F(Reader, ADripIsLeftAndTheRestComesFromTheNext) {
    EXPECT_TRUE(read({place("drip.test", {.body = bytes, .rate = 10'000, .piece = 1000}),
                      place("b.test", {.body = bytes})}));
    EXPECT_EQ(got, bytes);
    ASSERT_EQ(transport.requests.size(), 2U);
    EXPECT_EQ(range(1), "bytes=50000-") << "after five seconds";
    EXPECT_EQ(reading.bytes, blob.size) << "nothing twice";
}

TEST_F(Reader, ADripIsBetterThanNothing) {
    EXPECT_TRUE(read({place("drip.test", {.body = bytes, .rate = 20'000, .piece = 1000}),
                      place("none.test", {.status = 404})}));
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(transport.requests.size(), 3U) << "the drip, the one without, the drip to its end";
}

TEST_F(Reader, SlowerButNotFarSlowerStays) {
    EXPECT_TRUE(read({place("a.test", {.body = bytes, .rate = 100'000}), place("b.test", {.body = bytes})}));
    EXPECT_EQ(transport.requests.size(), 1U);
    reading.rates.note("b.test", 2e6);
    got.clear();
    EXPECT_TRUE(read({place("a.test", {.body = bytes, .rate = 100'000}), place("b.test", {.body = bytes})}));
    EXPECT_EQ(transport.requests.size(), 3U) << "b has shown twenty times as much";
    EXPECT_EQ(got, bytes);
}

TEST_F(Reader, TheLastBytesOfALieAreNeverPassedOn) {
    auto lie = bytes;
    lie.back() = static_cast<char>(lie.back() + 1);
    auto result = read({place("a.test", {.body = lie})});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::digest_mismatch);
    EXPECT_LT(got.size(), bytes.size());
}

TEST_F(Reader, TheLimitOfBytesPerSecondHolds) {
    reading.throttle.rate = 100'000;
    double began = clock.now();
    EXPECT_TRUE(read({place("a.test", {.body = bytes}), place("b.test", {.body = bytes})}));
    EXPECT_NEAR(clock.now() - began, static_cast<double>(bytes.size()) / 100'000, 2);
    EXPECT_EQ(transport.requests.size(), 1U) << "our own limit is not the place's slowness";
}

TEST_F(Reader, AStopEndsRequestsAndSleepers) {
    double began = clock.now();
    loop.after(2, [this] { stop = true; });
    auto result = read({place("a.test", {.body = bytes, .rate = 1000, .piece = 100})});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::interrupted);
    EXPECT_EQ(transport.under_way(), 0U);
    loop.run([this] { loop.sleep(100); }, [] {});
    EXPECT_LT(clock.now() - began, 3);
}

TEST_F(Reader, AStallIsNoticed) {
    double began = clock.now();
    auto result =
        read({place("a.test", {.body = bytes, .stall_at = 1000}), place("b.test", {.body = bytes})});
    EXPECT_TRUE(result);
    EXPECT_EQ(got, bytes);
    EXPECT_NEAR(clock.now() - began, 30, 2) << "the patience of a host";
    EXPECT_EQ(range(1), "bytes=1000-");
}

TEST_F(Reader, APipeWaitsForTheSlowest) {
    Pipe pipe(loop, 100, [] {});
    auto fast = pipe.open();
    auto slow = pipe.open();
    pipe.write(std::string(60, 'x'));
    std::string room(100, '\0');
    EXPECT_EQ(fast->give(room.data(), 100), 60U);
    EXPECT_EQ(pipe.room(), 40U);
    EXPECT_EQ(slow->give(room.data(), 20), 20U);
    EXPECT_EQ(pipe.room(), 60U);
    pipe.write(std::string(60, 'y'));
    EXPECT_EQ(slow->give(room.data(), 100), 100U);
    EXPECT_EQ(room, std::string(40, 'x') + std::string(60, 'y'));
    slow.reset();
    EXPECT_EQ(pipe.room(), 40U) << "who gives up no longer counts";
    fast.reset();
    EXPECT_FALSE(pipe.has_readers());
}

}  // namespace
}  // namespace mirrorctl::sync::reader_test
