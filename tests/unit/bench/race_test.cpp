// The race on fake time: budgets, who wins, when it ends.
#include "model/json/report_json.hpp"
#include "scripted.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace mirrorctl::bench::race_test {
namespace {

using support::Answer;

const Image& image() {
    static const Image kImage;
    return kImage;
}

struct Line {
    double rtt;
    double mbit;
};

// 16 honest mirrors (among them quick-to-answer slow ones) and 8 broken ones.
std::vector<Mirror> mixed_field(World& world) {
    const std::vector<Line> honest{{0.040, 60}, {0.030, 48}, {0.008, 40}, {0.050, 32},
                                   {0.020, 27}, {0.060, 24}, {0.015, 20}, {0.002, 2},
                                   {0.003, 1},  {0.025, 16}, {0.035, 12}, {0.045, 10},
                                   {0.010, 8},  {0.055, 6},  {0.012, 5},  {0.005, 3}};
    const std::vector<std::function<void(Host&)>> broken{
        [](Host& h) { h.black_hole = true; },
        [](Host& h) { h.silent = true; },
        [](Host& h) {
            h.on_index = [](Answer& a) {
                a.headers = {{"Content-Type", "text/html"}};
                a.body = "<html></html>";
            };
        },
        [](Host& h) { h.on_config = [](Answer& a) { a.status = 403; }; },
        [](Host& h) { h.on_layer = [](Answer& a) { a.status = 429; }; },
        [](Host& h) { h.on_config = [](Answer& a) { a.body[1] ^= 1; }; },
        [](Host& h) { h.on_layer = [](Answer& a) { a.stall_at = 100'000; }; },
        [](Host& h) { h.on_index = [](Answer& a) { a.body += " "; }; }};
    std::vector<Mirror> mirrors;
    auto add = [&](Host host) {
        auto url = cat("https://m", mirrors.size(), ".test");
        world.serve(url, std::move(host), image());
        mirrors.push_back(World::mirror(url));
    };
    for (std::size_t i = 0; i < honest.size(); ++i) {
        add({.connect = honest[i].rtt, .first_byte = honest[i].rtt, .rate = honest[i].mbit * 125000});
        if (i < broken.size()) {
            Host host{.rate = 90e6};
            broken[i](host);
            add(host);
        }
    }
    return mirrors;
}

TEST(Race, TwentyFourMirrorsEightBroken) {
    World world;
    world.transport.line_rate = 200e6 / 8;
    auto mirrors = mixed_field(world);
    auto report = world.run(World::spec(image(), mirrors));
    const auto& ranking = report.upstreams.at(0).ranking;
    ASSERT_EQ(ranking.size(), 24U);
    EXPECT_EQ(ranking[0].mirror.url.host, "m0.test") << report_to_json(report);
    EXPECT_TRUE(ranking[0].confirmed);
    EXPECT_LE(report.elapsed_s, 4.0);
    EXPECT_LE(report.bytes, 48LL << 20U);
    int usable = 0;
    for (const auto& m : ranking) {
        usable += m.usable ? 1 : 0;
        EXPECT_FALSE(m.reason.empty()) << m.mirror.url.str();
        EXPECT_LE(m.bytes, 12LL << 20U);
        EXPECT_LE(world.transport.count(m.mirror.url.str() + "/"), 8U);
        EXPECT_EQ(m.usable, m.predicted_pull_s >= 0) << m.reason;
    }
    EXPECT_EQ(usable, 16);
    for (std::size_t i = 1; i < 16; ++i)
        EXPECT_LE(ranking[i - 1].predicted_pull_s, ranking[i].predicted_pull_s);
}

TEST(Race, IsDeterministic) {
    std::string first;
    for (int i = 0; i < 2; ++i) {
        World world;
        world.transport.line_rate = 25e6;
        auto report = world.run(World::spec(image(), mixed_field(world)));
        auto text = report_to_json(report);
        if (i == 0) first = text;
        EXPECT_EQ(text, first);
    }
}

TEST(Race, AtMostSixSamplesAtOnce) {
    World world;
    auto mirrors = mixed_field(world);
    int at_once = 0;
    auto spec = World::spec(image(), mirrors);
    spec.seconds = 4;  // too short for turns, which take looks back that have just begun
    world.run(spec);
    // A layer request is a transfer from its start until the same host's next event; count starts within the
    // shortest sample window.
    for (std::size_t i = 0; i < world.transport.requests.size(); ++i) {
        int near = 0;
        for (std::size_t j = 0; j < world.transport.requests.size(); ++j) {
            bool layer = World::has_header(world.transport.requests[j], "Range");
            double gap = world.transport.started_at[j] - world.transport.started_at[i];
            if (layer && gap >= 0 && gap < 0.01) ++near;
        }
        at_once = std::max(at_once, near);
    }
    EXPECT_LE(at_once, 6);
    EXPECT_GE(at_once, 2);
}

TEST(Race, AllDeadEndsSoonWithAReasonForEach) {
    World world;
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 6; ++i) {
        auto url = cat("https://m", i, ".test");
        world.serve(url, {.black_hole = i % 2 == 0, .silent = i % 2 == 1}, image());
        mirrors.push_back(World::mirror(url));
    }
    auto report = world.run(World::spec(image(), mirrors, true));
    EXPECT_LE(report.elapsed_s, 4.2);
    ASSERT_EQ(report.upstreams[0].ranking.size(), 7U);
    for (const auto& m : report.upstreams[0].ranking) {
        EXPECT_FALSE(m.usable);
        EXPECT_FALSE(m.reason.empty());
    }
    EXPECT_FALSE(report.proxy_failed);
}

TEST(Race, OriginIsACandidateUnlessFallbackNone) {
    World world;
    world.serve("https://origin.test", {.rate = 50e6}, image());
    world.serve("https://m.test", {.rate = 1e6}, image());
    auto with = world.run(World::spec(image(), {World::mirror("https://m.test")}, true));
    EXPECT_TRUE(with.upstreams[0].ranking[0].is_origin);
    World closed;
    closed.serve("https://origin.test", {}, image());
    closed.serve("https://m.test", {.rate = 1e6}, image());
    auto without = closed.run(World::spec(image(), {World::mirror("https://m.test")}, false));
    EXPECT_EQ(without.upstreams[0].ranking.size(), 1U);
    EXPECT_EQ(closed.transport.count("https://origin.test"), 0U);
}

TEST(Race, LongFatBeatsShortThin) {
    World world;
    world.serve("https://thin.test", {.connect = 0.006, .first_byte = 0.002, .rate = 1.5e6}, image());
    world.serve("https://fat.test",
                {.connect = 0.54,
                 .first_byte = 0.18,
                 .on_layer =
                     [](Answer& a) {
                         // Slow start: the rate doubles with every window that was sent, up to 18 MB/s.
                         a.rate_at = [](std::int64_t sent) {
                             return std::min(80e3 + static_cast<double>(sent) * 4.0, 18e6);
                         };
                     }},
                image());
    auto report = world.run(
        World::spec(image(), {World::mirror("https://thin.test"), World::mirror("https://fat.test")}));
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "fat.test") << report_to_json(report);
}

// A busy node or mirror answers late now and then. While fewer mirrors stand than are written, that is no
// reason to go without a second one; when there are enough, it is.
TEST(Race, ALateAnswerIsWaitedForWhileThereAreTooFew) {
    for (int others : {1, 5}) {
        World world;
        std::vector<Mirror> mirrors{World::mirror("https://late.test")};
        world.serve("https://late.test", {.first_byte = 1.0}, image());
        for (int i = 0; i < others; ++i) {
            auto url = cat("https://m", i, ".test");
            world.serve(url, {.connect = 0.002, .first_byte = 0.002, .rate = 8e6}, image());
            mirrors.push_back(World::mirror(url));
        }
        auto report = world.run(World::spec(image(), mirrors));
        const auto& ranking = report.upstreams[0].ranking;
        auto late = std::find_if(ranking.begin(), ranking.end(),
                                 [](const auto& m) { return m.mirror.url.host == "late.test"; });
        ASSERT_NE(late, ranking.end());
        EXPECT_EQ(late->usable, others == 1) << report_to_json(report);
    }
}

TEST(Race, NearTiesEndQuicklyAndCheaply) {
    World world;
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 12; ++i) {
        auto url = cat("https://m", i, ".test");
        world.serve(url, {.rate = (37.0 + i * 0.5) * 125000}, image());
        mirrors.push_back(World::mirror(url));
    }
    auto report = world.run(World::spec(image(), mirrors));
    EXPECT_LE(report.elapsed_s, 4.0);
    const auto& ranking = report.upstreams[0].ranking;
    EXPECT_LT(ranking[0].predicted_pull_s, ranking[11].predicted_pull_s * 1.01);
    int confirmed = 0;
    for (const auto& m : ranking) confirmed += m.confirmed ? 1 : 0;
    EXPECT_LE(confirmed, 6) << "near-equals are not all measured twice";
}

TEST(Race, ABlobThatWasProvenNotLongAgoIsNotFetchedAgain) {
    World world;
    world.serve("https://m.test", {.rate = 8e6}, image());
    auto spec = World::spec(image(), {World::mirror("https://m.test")});
    spec.read["https://m.test"][sha256_digest(image().layer)] = 1 << 20;
    EXPECT_TRUE(world.run(spec).upstreams[0].ranking[0].confirmed);
    const auto config = "https://m.test/v2/library/busybox/blobs/" + sha256_digest(image().config);
    EXPECT_EQ(world.transport.count(config), 0U);
    // Of this image nothing is known by what was read of another one there.
    spec.read["https://m.test"] = {{"sha256:" + std::string(64, '0'), 1 << 20}};
    EXPECT_TRUE(world.run(spec).upstreams[0].ranking[0].confirmed);
    EXPECT_EQ(world.transport.count(config), 1U);
}

// Nine upstreams of one operator: its requests per minute hold for all of them together.
TEST(Race, OperatorBudgetHoldsAcrossUpstreams) {
    World world;
    BenchSpec spec{.profile = {.name = "t"}};
    for (int i = 0; i < 9; ++i) {
        Upstream upstream{.name = cat("r", i, ".test"),
                          .origin = *parse_url("https://none.test"),
                          .fallback = Fallback::none};
        upstream.canaries = {{.image = "library/busybox:1.36", .digest = image().digest()}};
        upstream.mirrors = {World::mirror(cat("https://big", i, ".test"), "Big")};
        world.serve(cat("https://big", i, ".test"), {.rate = 5e6}, image());
        spec.profile.upstreams.push_back(upstream);
    }
    auto report = world.run(spec);
    EXPECT_LE(world.transport.requests.size(), 18U);
    int usable = 0;
    int shared = 0;
    for (const auto& upstream : report.upstreams) {
        const auto& m = upstream.ranking.at(0);
        usable += m.usable ? 1 : 0;
        shared += m.shared_from.empty() ? 0 : 1;
        if (!m.usable) {
            EXPECT_EQ(m.fault, Fault::budget) << m.reason;
        }
    }
    EXPECT_GE(usable, 3);
    EXPECT_GE(shared, 2) << "one throughput sample serves several upstreams";
    EXPECT_LE(report.elapsed_s, 10.0);
}

TEST(Race, TotalBytesHold) {
    World world;
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 20; ++i) {
        auto url = cat("https://m", i, ".test");
        world.serve(url, {.rate = 0}, image());
        mirrors.push_back(World::mirror(url));
    }
    auto spec = World::spec(image(), mirrors);
    spec.bytes = 8 << 20;
    auto report = world.run(spec);
    EXPECT_LE(report.bytes, 8 << 20);
    EXPECT_TRUE(report.upstreams[0].ranking[0].usable);
}

TEST(Race, ATinyTimeBudgetGivesWhatWasLearnt) {
    World world;
    world.serve("https://a.test", {.rate = 2e6}, image());
    world.serve("https://b.test", {.connect = 0.6, .rate = 20e6}, image());
    auto spec = World::spec(image(), {World::mirror("https://b.test"), World::mirror("https://a.test")});
    spec.seconds = 0.5;
    auto report = world.run(spec);
    EXPECT_LE(report.elapsed_s, 0.55);
    const auto& ranking = report.upstreams[0].ranking;
    EXPECT_EQ(ranking[0].mirror.url.host, "a.test");
    EXPECT_FALSE(ranking[0].confirmed);
    EXPECT_NE(ranking[0].reason.find("short look"), std::string::npos) << ranking[0].reason;
    EXPECT_FALSE(ranking[1].usable);
}

TEST(Race, RestingMirrorsAreLeftAloneUnlessNothingElseIsLeft) {
    enum class Other { works, is_silent, refuses, rests };
    auto refuse = [](Answer& a) { a.status = 404; };
    for (bool server_asked : {false, true}) {
        for (auto other : {Other::works, Other::is_silent, Other::refuses, Other::rests}) {
            World world;
            world.serve("https://resting.test", {}, image());
            world.serve("https://other.test",
                        {.on_index = other == Other::refuses ? refuse : Host{}.on_index,
                         .silent = other == Other::is_silent},
                        image());
            auto spec = World::spec(
                image(), {World::mirror("https://resting.test"), World::mirror("https://other.test")});
            PastFailure failure{.upstream = "docker.io",
                                .url = "https://resting.test",
                                .at = world.clock.wall() - 60,
                                .until = world.clock.wall() + 3600,
                                .fault = Fault::not_found,
                                .reason = "does not have the manifest: 404",
                                .asked = server_asked};
            spec.failures = {failure};
            if (other == Other::rests) {
                failure.url = "https://other.test";
                spec.failures.push_back(failure);
            }
            auto report = world.run(spec);
            bool wakes = other != Other::works && !server_asked;
            EXPECT_EQ(world.transport.count("https://resting.test") > 0, wakes);
            for (const auto& m : report.upstreams[0].ranking) {
                if (m.mirror.url.host != "resting.test") continue;
                EXPECT_EQ(m.usable, wakes);
                EXPECT_EQ(m.probed, wakes);
                if (wakes) continue;
                EXPECT_EQ(m.fault, Fault::resting);
                EXPECT_NE(m.reason.find("404"), std::string::npos) << m.reason;
            }
        }
    }
}

TEST(Race, ImageOverrideIsAskedOfItsOwnUpstreamOnly) {
    World world;
    world.serve("https://m.test", {}, image());
    auto spec = World::spec(image(), {World::mirror("https://m.test")});
    spec.image = "ghcr.io/x/y:1";
    EXPECT_TRUE(world.run(spec).upstreams[0].ranking[0].usable);
    spec.image = "busybox:1.36";
    EXPECT_TRUE(world.run(spec).upstreams[0].ranking[0].usable);
    spec.image = "BAD//";
    auto bad = world.run(spec).upstreams[0].ranking[0];
    EXPECT_FALSE(bad.usable);
    EXPECT_NE(bad.reason.find("not an image reference"), std::string::npos) << bad.reason;
}

TEST(Race, PlainHttpNeedsThePermission) {
    World world;
    world.serve("http://m.test", {}, image());
    auto mirror = World::mirror("http://m.test");
    EXPECT_FALSE(world.run(World::spec(image(), {mirror})).upstreams[0].ranking[0].usable);
    EXPECT_TRUE(world.transport.requests.empty());
    mirror.insecure = true;
    EXPECT_TRUE(world.run(World::spec(image(), {mirror})).upstreams[0].ranking[0].usable);
}

TEST(Race, TellsTheObserverOncePerCandidate) {
    World world;
    auto mirrors = mixed_field(world);
    world.run(World::spec(image(), mirrors));
    std::map<std::string, int> finished;
    int started = 0;
    int ended = 0;
    for (const auto& event : world.observer.events) {
        if (const auto* done = std::get_if<CandidateFinished>(&event))
            ++finished[done->measurement.mirror.url.str()];
        if (const auto* begin = std::get_if<BenchStarted>(&event)) started += begin->candidates;
        ended += std::holds_alternative<BenchFinished>(event) ? 1 : 0;
    }
    EXPECT_EQ(started, 24);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(finished.size(), 24U);
    for (const auto& [url, count] : finished) EXPECT_EQ(count, 1) << url;
}

}  // namespace
}  // namespace mirrorctl::bench::race_test
