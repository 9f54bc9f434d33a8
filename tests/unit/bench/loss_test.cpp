// Lost packets in a flow: silence, and then all that waited, at once. Neither is its speed, and no throttle.
#include "bench/intake.hpp"
#include "bench/stats.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mirrorctl::bench::loss_test {
namespace {

constexpr double kStep = 0.005;

// Feeds what one line hands up, in steps of 5 ms.
class Feed {
  public:
    Feed() { meter_.begin(0); }
    Feed& flow(double seconds, double rate) {
        for (double end = now_ + seconds; now_ < end - kStep / 2;)
            meter_.add(now_ += kStep, static_cast<std::int64_t>(rate * kStep));
        return *this;
    }
    Feed& silence(double seconds) {
        now_ += seconds;
        return *this;
    }
    Feed& lump(double bytes) {
        meter_.add(now_, static_cast<std::int64_t>(bytes));
        return *this;
    }
    Estimate seen(double rtt) const { return meter_.estimate(rtt); }
    bool caught_up(double rtt) const { return meter_.caught_up(now_ - 0.2, rtt); }

  private:
    FlowMeter meter_;
    double now_ = 0;
};

TEST(Loss, WhatWaitsBehindALostPacketIsNoThrottle) {
    auto seen = Feed().flow(0.6, 1e6).silence(0.2).lump(1448).seen(0.08);
    EXPECT_NEAR(seen.rate, 1e6, 1e5) << "as before the silence";
    EXPECT_FALSE(seen.throttled);
    EXPECT_FALSE(seen.settled);
    EXPECT_LT(seen.low, 0.8e6) << "it may have become slower";
}

TEST(Loss, TheLumpBehindItIsNoSpeedEither) {
    auto at_once = Feed().flow(0.6, 1e6).silence(0.2).lump(200e3).flow(0.05, 1e6).seen(0.08);
    EXPECT_LT(at_once.rate, 1.2e6);
    auto later = Feed().flow(0.6, 1e6).silence(0.2).lump(200e3).flow(0.3, 1e6).seen(0.08);
    EXPECT_NEAR(later.rate, 1e6, 2e5);
    EXPECT_TRUE(later.settled);
    EXPECT_FALSE(later.throttled);
    EXPECT_FALSE(later.growing);
}

TEST(Loss, OnALongWayOneRoundTripOfSilenceIsEnough) {
    auto seen = Feed().flow(0.8, 10e6).silence(0.19).lump(1448).seen(0.18);
    EXPECT_FALSE(seen.settled);
    EXPECT_NEAR(seen.rate, 10e6, 1e6);
    // Between the flights of slow start there are such pauses, too: nothing is lost there.
    Feed flights;
    for (double bytes = 15e3; bytes < 1e6; bytes *= 2) flights.flow(0.01, bytes / 0.01).silence(0.17);
    EXPECT_TRUE(flights.flow(0.01, 100e6).seen(0.18).settled);
    EXPECT_TRUE(flights.seen(0.18).growing);
}

// A server that holds back sends its lumps further apart than a lost packet needs to come again, or more
// often.
TEST(Loss, AThrottleShowsAllTheSame) {
    Feed lumps;
    lumps.flow(0.4, 5e6);
    for (int second = 0; second < 2; ++second) lumps.silence(0.95).lump(64e3);
    EXPECT_TRUE(lumps.seen(0.02).throttled);
    EXPECT_LT(lumps.seen(0.02).rate, 0.2e6);
    Feed trickle;
    trickle.flow(0.4, 5e6);
    for (int packet = 0; packet < 40; ++packet) trickle.silence(0.0225).lump(1448);
    EXPECT_TRUE(trickle.seen(0.02).throttled);
    EXPECT_NEAR(trickle.seen(0.02).rate, 64e3, 20e3);
}

// nginx's limit_rate behind a proxy's small buffers: a lump, a pause, a lump.
TEST(Loss, AServerThatPacesItselfLosesNothing) {
    Feed feed;
    for (int lump = 0; lump < 5; ++lump) feed.lump(51e3).silence(0.2);
    auto seen = feed.lump(51e3).seen(0.001);
    EXPECT_TRUE(seen.settled);
    EXPECT_LT(seen.rate, 0.4e6);
    EXPECT_GT(seen.rate, 0.2e6);
}

TEST(Loss, WhatFallsIsNotSettled) {
    auto seen = Feed().flow(1.5, 3e6).flow(0.15, 64e3).seen(0.02);
    EXPECT_FALSE(seen.settled);
    EXPECT_LT(seen.low, 0.2e6);
    EXPECT_TRUE(Feed().flow(1.5, 3e6).seen(0.02).settled);
}

// The sample under way of a layer, fed until it has seen enough; returns when that was.
double ends_at(double fall_at, const SampleRule& rule) {
    constexpr std::int64_t kLayer = 20LL << 20U;
    constexpr double kFull = 3e6;
    constexpr double kSlow = 64e3;
    registry::Descriptor layer;
    layer.digest = "sha256:0";
    layer.size = kLayer;
    auto intake = Intake::sample(layer, {.first = 0, .last = kLayer - 2}, rule);
    net::Response response{.status = 206};
    response.headers = {{"Content-Range", "bytes 0-20971518/20971520"}, {"Content-Length", "20971519"}};
    EXPECT_TRUE(intake.on_headers(response));
    double now = 0;
    bool goes_on = true;
    while (goes_on && now < 10) {
        now += kStep;
        auto bytes = static_cast<std::size_t>((now < fall_at ? kFull : kSlow) * kStep);
        goes_on = intake.on_body(std::string(bytes, 'x'), now);
    }
    return now;
}

TEST(Loss, ASampleGoesOnWhileItFalls) {
    SampleRule rule{
        .max_bytes = 9LL << 20U, .enough_bytes = 9LL << 20U, .min_seconds = 1, .max_seconds = 2, .rtt = 0.02};
    EXPECT_NEAR(ends_at(100, rule), 1.0, 0.02);
    double late = ends_at(0.92, rule);
    EXPECT_GT(late, 1.1) << "it fell a moment before it would have been enough";
    EXPECT_LT(late, 2.81);
}

// Behind a full queue a round trip takes longer than at the gate, and slow start lasts so much longer.
TEST(Loss, TheRoundTripIsTheOneUnderLoad) {
    registry::Descriptor layer;
    layer.digest = "sha256:0";
    layer.size = 20LL << 20U;
    SampleRule rule{.max_bytes = layer.size, .enough_bytes = layer.size, .max_seconds = 5, .rtt = 0.02};
    auto trip = [&](net::Timing timing, bool reused) {
        auto intake = Intake::sample(layer, {.first = 0, .last = layer.size - 1}, rule);
        net::Response response{.status = 200};
        response.timing = timing;
        response.reused_connection = reused;
        EXPECT_TRUE(intake.on_headers(response));
        return intake.trip();
    };
    EXPECT_DOUBLE_EQ(trip({.first_byte = 0.17}, true), 0.17);
    EXPECT_DOUBLE_EQ(trip({.first_byte = 0.01}, true), 0.02) << "no less than the way takes";
    EXPECT_NEAR(trip({.dns = 0.01, .connect = 0.05, .tls = 0.1, .first_byte = 0.17}, false), 0.07, 1e-9);
    EXPECT_DOUBLE_EQ(trip({.first_byte = 2}, true), 0.32) << "the server waited: no queue is that long";
}

TEST(Loss, WhatCaughtUpIsKnownForAMoment) {
    EXPECT_FALSE(Feed().flow(0.6, 1e6).caught_up(0.08));
    EXPECT_TRUE(Feed().flow(0.6, 1e6).silence(0.2).lump(200e3).flow(0.1, 1e6).caught_up(0.08));
    EXPECT_FALSE(Feed().flow(0.6, 1e6).silence(0.2).lump(200e3).flow(0.3, 1e6).caught_up(0.08)) << "over";
    auto paced = Feed();
    for (int i = 0; i < 4; ++i) paced.flow(0.05, 1e6).silence(0.2);
    EXPECT_FALSE(paced.flow(0.05, 1e6).caught_up(0.08)) << "it paces itself";
}

}  // namespace
}  // namespace mirrorctl::bench::loss_test
