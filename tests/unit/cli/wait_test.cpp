// --wait asks again only while nothing at all answers, less and less often, and counts what it asks.
#include "cli/wait.hpp"

#include "support/fake_clock.hpp"
#include "support/fake_runner.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::cli::wait_test {
namespace {

class Wait : public testing::Test {
  protected:
    static Report dark(Fault fault) {
        Measurement m;
        m.mirror.url = *parse_url("https://m.test");
        m.mirror.operator_name = "Acme";
        m.fault = fault;
        m.requests = 1;
        Report report;
        report.upstreams.push_back({.name = "docker.io", .ranking = {m}});
        return report;
    }

    // Races of `seconds` that all end with `report`.
    Result<Report> wait(double wait_seconds, const Report& report, double seconds = 0) {
        return race_when_there_is_a_network(world_, {}, wait_seconds, [&](const bench::BenchSpec& spec) {
            begun_.push_back(clock_.now() - start_);
            specs_.push_back(spec);
            clock_.advance(seconds);
            return report;
        });
    }

    support::FakeClock clock_;
    support::FakeRunner runner_;
    World world_{.open_root = {},
                 .open_transport = {},
                 .runner = runner_,
                 .callers_runner = runner_,
                 .clock = clock_,
                 .env = {},
                 .out = {},
                 .err = {},
                 .stop_requested = [this] { return stopped_; },
                 .cwd = "/",
                 .actor = {}};
    double start_ = clock_.now();
    bool stopped_ = false;
    std::vector<double> begun_;
    std::vector<bench::BenchSpec> specs_;
};

TEST_F(Wait, AsksLessAndLessOftenWhileThereIsNoNetwork) {
    EXPECT_TRUE(wait(60, dark(Fault::dns)));
    ASSERT_EQ(begun_.size(), 7U);
    const std::vector<double> expected{0, 2, 6, 14, 30, 46, 57};
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(begun_[i], expected[i], 0.01);
    EXPECT_NEAR(*specs_.back().seconds, 3, 0.01) << "the last race ends with the wait";
    EXPECT_TRUE(specs_.back().asked_lately.empty()) << "no request reached anybody";
}

TEST_F(Wait, WhatMayHaveReachedSomebodyCountsForTheNextRace) {
    EXPECT_TRUE(wait(20, dark(Fault::timeout), 4));
    ASSERT_EQ(begun_.size(), 3U);
    ASSERT_EQ(specs_[2].asked_lately.size(), 2U);
    EXPECT_EQ(specs_[2].asked_lately[1].operator_name, "acme");
    EXPECT_EQ(specs_[2].asked_lately[1].requests, 1);
    EXPECT_NEAR(specs_[2].asked_lately[1].at, clock_.wall() - 4, 10);
}

TEST_F(Wait, AnAnswerEndsIt) {
    for (auto fault : {Fault::rate_limited, Fault::forbidden, Fault::html, Fault::unauthorized,
                       Fault::server_error, Fault::digest}) {
        begun_.clear();
        EXPECT_TRUE(wait(60, dark(fault)));
        EXPECT_EQ(begun_.size(), 1U) << name_of(fault);
    }
    begun_.clear();
    auto late = dark(Fault::timeout);
    late.upstreams[0].ranking[0].bytes = 500;
    EXPECT_TRUE(wait(60, late));
    EXPECT_EQ(begun_.size(), 1U) << "it answered before it fell silent";
    begun_.clear();
    auto rests = dark(Fault::resting);
    rests.upstreams[0].ranking[0].probed = false;
    EXPECT_TRUE(wait(60, rests));
    EXPECT_EQ(begun_.size(), 1U) << "nobody was asked";
    EXPECT_TRUE(clock_.sleeps.empty());
}

TEST_F(Wait, EndsAtASignal) {
    stopped_ = true;
    auto ended = wait(60, dark(Fault::dns));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::interrupted);
    EXPECT_EQ(begun_.size(), 1U);
}

}  // namespace
}  // namespace mirrorctl::cli::wait_test
