// Mirrors that only point at another candidate: what that one shows is what there is to know about them.
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::follower_test {
namespace {

const Image& image() {
    static const Image kImage;
    return kImage;
}

std::string blob_of(const std::string& base, const std::string& bytes) {
    return cat(base, "/v2/library/busybox/blobs/", sha256_digest(bytes));
}

std::function<void(support::Answer&)> redirect(const std::string& to) {
    return [to](support::Answer& answer) {
        answer.status = 307;
        answer.headers = {{"Location", to}};
        answer.body = "";
    };
}

const Measurement& of(const Report& report, const std::string& host) {
    const auto& ranking = report.upstreams.at(0).ranking;
    return *std::find_if(ranking.begin(), ranking.end(),
                         [&](const auto& m) { return m.mirror.url.host == host; });
}

// `near.test` sends everybody to `far.test` for blobs.
struct Pointing {
    World world = {};
    Report race(Host far) {
        world.serve("https://far.test", std::move(far), image());
        world.serve("https://near.test",
                    {.connect = 0.002,
                     .first_byte = 0.002,
                     .on_config = redirect(blob_of("https://far.test", image().config)),
                     .on_layer = redirect(blob_of("https://far.test", image().layer))},
                    image());
        world.serve("https://slow.test", {.rate = 1e6}, image());
        return world.run(
            World::spec(image(), {World::mirror("https://near.test"), World::mirror("https://far.test"),
                                  World::mirror("https://slow.test")}));
    }
};

TEST(Follower, HasTheSpeedOfWhomItPointsAtWithoutASample) {
    Pointing pointing;
    auto report = pointing.race({.connect = 0.03, .first_byte = 0.03, .rate = 6e6});
    const auto& near = of(report, "near.test");
    const auto& far = of(report, "far.test");
    EXPECT_EQ(pointing.world.transport.count(blob_of("https://near.test", image().layer)), 0U);
    EXPECT_TRUE(near.usable) << near.reason;
    EXPECT_EQ(near.shared_from, "far.test");
    EXPECT_EQ(near.final_host, "far.test");
    EXPECT_DOUBLE_EQ(near.throughput_bps, far.throughput_bps);
    EXPECT_TRUE(far.confirmed);
    EXPECT_TRUE(near.confirmed);
}

TEST(Follower, ComesBehindWhomItPointsAt) {
    Pointing pointing;
    auto report = pointing.race({.connect = 0.03, .first_byte = 0.03, .rate = 6e6});
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "far.test") << report.upstreams[0].why;
    EXPECT_EQ(report.upstreams[0].ranking[1].mirror.url.host, "near.test");
    EXPECT_GT(of(report, "near.test").predicted_pull_s, of(report, "far.test").predicted_pull_s);
}

TEST(Follower, IsLookedAtItselfWhereTheOtherOneDoesNotTakePart) {
    Pointing pointing;
    auto report = pointing.race({.rate = 6e6, .on_index = [](support::Answer& a) { a.status = 404; }});
    EXPECT_FALSE(of(report, "far.test").usable);
    const auto& near = of(report, "near.test");
    EXPECT_TRUE(near.usable) << near.reason;
    EXPECT_TRUE(near.shared_from.empty());
    EXPECT_GE(pointing.world.transport.count(blob_of("https://near.test", image().layer)), 1U);
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "near.test");
}

// The second look at far.test shows what the first one did not.
TEST(Follower, FallsWithWhomItPointsAt) {
    Pointing pointing;
    int asked = 0;
    auto report = pointing.race({.rate = 6e6, .on_layer = [&asked](support::Answer& a) {
                                     if (++asked > 1) a.status = 403;
                                 }});
    ASSERT_GE(asked, 2);
    EXPECT_FALSE(of(report, "far.test").usable);
    const auto& near = of(report, "near.test");
    EXPECT_FALSE(near.usable);
    EXPECT_NE(near.reason.find("its blobs come from far.test"), std::string::npos) << near.reason;
    EXPECT_EQ(report.upstreams[0].ranking[0].mirror.url.host, "slow.test");
}

// `a.test` to `c.test` redirect everything to `to`, which serves as `original`.
struct Aliases {
    World world = {};
    Report race(const std::string& to, Host original) {
        world.serve("https://far.test", std::move(original), image());
        std::vector<Mirror> mirrors;
        for (const char* name : {"a.test", "b.test", "c.test"}) {
            auto there = cat(to, "/v2/library/busybox/manifests/");
            world.serve(cat("https://", name),
                        {.on_index = redirect(there + image().digest()),
                         .on_manifest = redirect(there + sha256_digest(image().manifest))},
                        image());
            mirrors.push_back(World::mirror(cat("https://", name)));
        }
        mirrors.push_back(World::mirror("https://far.test"));
        return world.run(World::spec(image(), mirrors));
    }
};

TEST(Follower, OtherNamesOfACandidateTakeNoneOfItsRequests) {
    Aliases aliases;
    auto report = aliases.race("https://far.test", {.connect = 0.05, .first_byte = 0.05});
    EXPECT_TRUE(of(report, "far.test").confirmed);
    EXPECT_LE(aliases.world.transport.count("https://far.test/"), 8U);
    for (const char* name : {"a.test", "b.test", "c.test"}) {
        const auto& alias = of(report, name);
        EXPECT_EQ(alias.fault, Fault::redirect) << name;
        EXPECT_NE(alias.reason.find("another name of https://far.test"), std::string::npos) << alias.reason;
        EXPECT_EQ(alias.requests, 1) << name;
    }
}

TEST(Follower, AnotherNameOfOneThatFailsIsAskedItself) {
    Aliases aliases;
    auto report = aliases.race("https://far.test", {.on_index = [](auto& answer) { answer.status = 500; }});
    for (const char* name : {"a.test", "far.test"})
        EXPECT_EQ(of(report, name).fault, Fault::server_error) << of(report, name).reason;
}

TEST(Follower, NamesOfEachOtherEndSoon) {
    Aliases aliases;
    double start = aliases.world.clock.now();
    auto report = aliases.race(
        "https://far.test",
        {.on_index = redirect(cat("https://a.test/v2/library/busybox/manifests/", image().digest()))});
    for (const auto& m : report.upstreams.at(0).ranking)
        EXPECT_TRUE(m.fault == Fault::redirect || m.requests > 1)
            << m.reason << ": nobody waits for the other";
    EXPECT_LE(aliases.world.clock.now() - start, 3);
}

}  // namespace
}  // namespace mirrorctl::bench::follower_test
