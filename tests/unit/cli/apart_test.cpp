// A mirror whose answers crash the process that reads them is a rejected mirror, and nothing more.
#include "cli/apart.hpp"

#include "base/strings.hpp"
#include "support/fake_runner.hpp"
#include "unit/bench/scripted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace mirrorctl::cli::apart_test {
namespace {

using bench::Image;
using Scripted = bench::World;
using testing::HasSubstr;

class Borrowed : public net::Transport {
  public:
    explicit Borrowed(net::Transport& real) : real_(real) {}
    net::RequestId start(const net::Request& request, net::Handler& handler) override {
        return real_.start(request, handler);
    }
    void cancel(net::RequestId id) override { real_.cancel(id); }
    void hold(net::RequestId id) override { real_.hold(id); }
    void go_on(net::RequestId id) override { real_.go_on(id); }
    bool turn(double seconds) override { return real_.turn(seconds); }

  private:
    net::Transport& real_;
};

class Apart : public testing::Test {
  protected:
    bench::Host crashing() {
        bench::Host host;
        host.on_manifest = [](support::Answer&) {
            ::signal(SIGSEGV, SIG_DFL);
            ::raise(SIGSEGV);
        };
        return host;
    }

    Image image_;
    Scripted scripted_;
    support::FakeRunner runner_;
    World world_{.open_root = {},
                 .open_transport = [this] { return std::make_unique<Borrowed>(scripted_.transport); },
                 .runner = runner_,
                 .callers_runner = runner_,
                 .clock = scripted_.clock,
                 .env = {},
                 .out = {},
                 .err = {},
                 .stop_requested = [] { return false; },
                 .cwd = "/",
                 .actor = {}};
};

TEST_F(Apart, TheReportAndTheEventsAreThoseOfTheRace) {
    scripted_.serve("https://a.test", {.rate = 20e6}, image_);
    scripted_.serve("https://b.test", {.rate = 1e6}, image_);
    auto spec = Scripted::spec(
        image_, {Scripted::mirror("https://b.test"), Scripted::mirror("https://a.test", "op")});
    auto apart = race_apart(world_, spec, scripted_.observer);
    ASSERT_TRUE(apart) << apart.error().message;
    auto here = scripted_.run(spec);
    const auto& ranking = apart->upstreams.at(0).ranking;
    ASSERT_EQ(ranking.size(), 2U);
    EXPECT_EQ(ranking[0].mirror.url.host, "a.test");
    EXPECT_EQ(ranking[0].mirror.operator_name, "op");
    EXPECT_TRUE(ranking[0].usable);
    EXPECT_EQ(apart->profile_sha256, "abc");
    EXPECT_NEAR(ranking[0].predicted_pull_s, here.upstreams.at(0).ranking[0].predicted_pull_s, 0.2);
    bool started = false;
    int finished = 0;
    for (const auto& event : scripted_.observer.events) {
        started = started || std::holds_alternative<BenchStarted>(event);
        finished += std::holds_alternative<CandidateFinished>(event) ? 1 : 0;
    }
    EXPECT_TRUE(started);
    EXPECT_GE(finished, 2);
}

TEST_F(Apart, OneThatCrashesItIsRejectedAndTheOthersAreMeasured) {
    scripted_.serve("https://good.test", {}, image_);
    scripted_.serve("https://evil.test", crashing(), image_);
    auto spec = Scripted::spec(
        image_, {Scripted::mirror("https://evil.test"), Scripted::mirror("https://good.test")});
    auto report = race_apart(world_, spec, scripted_.observer);
    ASSERT_TRUE(report) << report.error().message;
    const auto& ranking = report->upstreams.at(0).ranking;
    ASSERT_EQ(ranking.size(), 2U);
    EXPECT_EQ(ranking[0].mirror.url.host, "good.test");
    EXPECT_TRUE(ranking[0].usable);
    EXPECT_EQ(ranking[1].mirror.url.host, "evil.test");
    EXPECT_FALSE(ranking[1].usable);
    EXPECT_TRUE(ranking[1].probed);  // so that it rests afterwards
    EXPECT_EQ(ranking[1].fault, Fault::crash);
    EXPECT_THAT(ranking[1].reason, HasSubstr("signal 11"));
    std::vector<std::string> told;
    for (const auto& event : scripted_.observer.events)
        if (const auto* done = std::get_if<CandidateFinished>(&event))
            if (!done->measurement.usable) told.push_back(done->measurement.mirror.url.host);
    EXPECT_EQ(told, std::vector<std::string>{"evil.test"});
}

// Behind everything that a light check asks: only a race gets there.
TEST_F(Apart, OneThatCrashesItLateIsFoundAmongMany) {
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 9; ++i) {
        auto url = cat("https://m", i, ".test");
        bench::Host host;
        if (i == 4)
            host.on_layer = [](support::Answer&) {
                ::signal(SIGSEGV, SIG_DFL);
                ::raise(SIGSEGV);
            };
        scripted_.serve(url, host, image_);
        mirrors.push_back(Scripted::mirror(url));
    }
    auto report = race_apart(world_, Scripted::spec(image_, mirrors), scripted_.observer);
    ASSERT_TRUE(report) << report.error().message;
    const auto& ranking = report->upstreams.at(0).ranking;
    ASSERT_EQ(ranking.size(), 9U);
    for (const auto& m : ranking) {
        bool evil = m.mirror.url.host == "m4.test";
        EXPECT_EQ(m.usable, !evil) << m.mirror.url.host << ": " << m.reason;
        EXPECT_EQ(m.fault == Fault::crash, evil) << m.mirror.url.host;
    }
    EXPECT_EQ(ranking.back().mirror.url.host, "m4.test");
}

TEST_F(Apart, IfAllCrashAllAreRejected) {
    scripted_.serve("https://evil.test", crashing(), image_);
    scripted_.serve("https://worse.test", crashing(), image_);
    auto spec = Scripted::spec(
        image_, {Scripted::mirror("https://evil.test"), Scripted::mirror("https://worse.test")});
    auto report = race_apart(world_, spec, scripted_.observer);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->upstreams.at(0).ranking.size(), 2U);
    for (const auto& m : report->upstreams[0].ranking) {
        EXPECT_FALSE(m.usable);
        EXPECT_EQ(m.fault, Fault::crash);
    }
}

TEST_F(Apart, ChecksEndWithTheOneThatCrashes) {
    scripted_.serve("https://good.test", {}, image_);
    scripted_.serve("https://evil.test", crashing(), image_);
    auto good = Scripted::mirror("https://good.test");
    auto evil = Scripted::mirror("https://evil.test");
    auto spec = Scripted::spec(image_, {good, evil});
    auto results = check_apart(world_, spec,
                               {{.upstream = "docker.io", .mirror = good},
                                {.upstream = "docker.io", .mirror = evil},
                                {.upstream = "docker.io", .mirror = good}});
    ASSERT_TRUE(results);
    ASSERT_EQ(results->size(), 1U);
    EXPECT_TRUE(results->at(0).usable) << results->at(0).reason;
    EXPECT_EQ(results->at(0).mirror.url.host, "good.test");
}

TEST_F(Apart, FilesAreReadBefore) {
    auto mirror = Scripted::mirror("https://m.test");
    mirror.auth = "/etc/auth";
    mirror.ca = "/etc/ca.pem";
    auto spec = Scripted::spec(image_, {mirror});
    int reads = 0;
    read_before(
        spec,
        [&](const std::string& path) -> Result<std::string> {
            ++reads;
            return "secret of " + path;
        },
        [&](const std::string& path) -> Result<std::string> {
            ++reads;
            return Failure(Error{.code = ErrorCode::not_found, .message = "cannot read: " + path});
        });
    EXPECT_EQ(reads, 2);
    EXPECT_EQ(spec.read_secret("/etc/auth").value_or(""), "secret of /etc/auth");
    EXPECT_FALSE(spec.read_ca("/etc/ca.pem"));
    EXPECT_EQ(reads, 2);
    auto m = scripted_.run(spec).upstreams.at(0).ranking.at(0);
    EXPECT_FALSE(m.usable);
    EXPECT_THAT(m.reason, HasSubstr("its CA file /etc/ca.pem cannot be read: cannot read: /etc/ca.pem"));
}

}  // namespace
}  // namespace mirrorctl::cli::apart_test
