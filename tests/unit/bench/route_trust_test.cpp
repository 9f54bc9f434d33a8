// The way to the mirrors, whom to believe, and the light check.
#include "model/json/report_json.hpp"
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::route_trust_test {
namespace {

using support::Answer;

const Image& image() {
    static const Image kImage;
    return kImage;
}

TEST(Proxy, RefusalEndsTheRunAsItsOwnError) {
    World world;
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 5; ++i) {
        mirrors.push_back(World::mirror(cat("https://m", i, ".test")));
        world.serve(mirrors.back().url.str(), {}, image());
    }
    auto refuse = [](const net::Request& request) {
        Answer a;
        if (!request.proxy.empty())
            a.error =
                Error{.code = ErrorCode::proxy,
                      .message = "proxy refused: http://proxy.test:3128: it wants other credentials (407)",
                      .cause = 407};
        return a;
    };
    for (const auto& m : mirrors) world.transport.on(m.url.str() + "/v2/library/busybox/manifests/*", refuse);
    for (const auto& m : mirrors)
        world.transport.on(m.url.str() + "/v2/library/busybox/manifests/" + image().digest() + "*", refuse);
    auto spec = World::spec(image(), mirrors);
    spec.route = {.http = "http://u:secret@proxy.test:3128", .https = "http://u:secret@proxy.test:3128"};
    auto report = world.run(spec);
    EXPECT_TRUE(report.proxy_failed);
    EXPECT_NE(report.proxy_error.find("407"), std::string::npos);
    EXPECT_EQ(report.route, "http://***@proxy.test:3128");
    EXPECT_EQ(report_to_json(report).find("secret"), std::string::npos);
    for (const auto& m : report.upstreams[0].ranking) EXPECT_EQ(m.fault, Fault::proxy);
}

TEST(Proxy, OneHostThatItCannotReachIsThatHostsFault) {
    World world;
    world.serve("https://good.test", {}, image());
    world.serve("https://bad.test",
                {.on_index =
                     [](Answer& a) {
                         a.error = Error{.code = ErrorCode::proxy,
                                         .message = "proxy refused: answered 503 for bad.test",
                                         .cause = 503};
                     }},
                image());
    auto spec = World::spec(image(), {World::mirror("https://bad.test"), World::mirror("https://good.test")});
    spec.route = {.https = "http://proxy.test:3128"};
    auto report = world.run(spec);
    EXPECT_FALSE(report.proxy_failed);
    EXPECT_TRUE(report.upstreams[0].ranking[0].usable);
    EXPECT_EQ(report.upstreams[0].ranking[1].fault, Fault::proxy);
}

TEST(Proxy, NoProxyHostsAreReachedDirectly) {
    World world;
    world.serve("https://direct.test", {}, image());
    world.serve("https://via.test", {}, image());
    auto spec =
        World::spec(image(), {World::mirror("https://direct.test"), World::mirror("https://via.test")});
    spec.route = {.https = "http://proxy.test:3128", .no_proxy = "direct.test"};
    world.run(spec);
    for (const auto& request : world.transport.requests)
        EXPECT_EQ(request.proxy, request.url.host == "via.test" ? "http://proxy.test:3128" : "")
            << request.url.str();
}

struct TrustCase {
    std::string name;
    bool origin_works;
    bool a_lies;  // a: verify, operator A
    bool b_lies;  // b: verify, operator B
    bool same_operator;
    bool a_agrees;
    bool b_agrees;
};

TEST(Trust, VerifyNeedsTheOriginOrAnotherOperator) {
    const std::vector<TrustCase> cases{
        {"origin and both", true, false, false, false, true, true},
        {"origin, a lies", true, true, false, false, false, true},
        {"no origin, both agree", false, false, false, false, true, true},
        {"no origin, one lies", false, true, false, false, false, false},
        {"no origin, one operator", false, false, false, true, false, false},
        {"origin against two stale ones", true, true, true, false, false, false}};
    for (const auto& c : cases) {
        World world;
        auto lie = [](Answer& a) {
            a.headers = {{"Content-Type", kIndexType},
                         {"Docker-Content-Digest", "sha256:" + std::string(64, '0')}};
        };
        Host a;
        Host b;
        if (c.a_lies) a.on_tag = lie;
        if (c.b_lies) b.on_tag = lie;
        world.serve("https://a.test", a, image());
        world.serve("https://b.test", b, image());
        world.serve("https://origin.test", {.rate = 1e6, .silent = !c.origin_works}, image());
        auto spec = World::spec(image(),
                                {World::mirror("https://a.test", "A", Trust::verify),
                                 World::mirror("https://b.test", c.same_operator ? "A" : "B", Trust::verify)},
                                true);
        auto report = world.run(spec);
        for (const auto& m : report.upstreams[0].ranking) {
            if (m.mirror.url.host == "a.test") {
                EXPECT_EQ(m.agreed, c.a_agrees) << c.name << ": " << m.reason;
            }
            if (m.mirror.url.host == "b.test") {
                EXPECT_EQ(m.agreed, c.b_agrees) << c.name << ": " << m.reason;
            }
            if (!m.is_origin) {
                EXPECT_TRUE(m.usable) << c.name << ": content by digest is still fine: " << m.reason;
            }
        }
    }
}

TEST(Trust, TagsAreOnlyAskedWhereTrustIsOpen) {
    World world;
    world.serve("https://a.test", {}, image());
    world.serve("https://origin.test", {}, image());
    world.run(World::spec(image(), {World::mirror("https://a.test", "A", Trust::resolve)}, true));
    for (const auto& request : world.transport.requests) EXPECT_EQ(request.method, "GET");
}

TEST(LightCheck, TwoRequestsWithTheKnownManifest) {
    World world;
    world.serve("https://m.test", {}, image());
    auto spec = World::spec(image(), {World::mirror("https://m.test")});
    auto report = world.run(spec);
    ASSERT_EQ(report.upstreams[0].manifest, "library/busybox@" + sha256_digest(image().manifest));
    spec.manifests = {{"docker.io", report.upstreams[0].manifest}};
    const auto nothing_read = spec.read;
    for (const auto& read : {std::string(), image().layer, std::string("of another image")}) {
        spec.read = nothing_read;
        if (!read.empty()) spec.read["https://m.test"][sha256_digest(read)] = 1 << 16;
        auto before = world.transport.requests.size();
        auto result = light_check(spec, {.upstream = "docker.io", .mirror = World::mirror("https://m.test")},
                                  world.transport, world.clock);
        EXPECT_TRUE(result.usable) << result.reason;
        EXPECT_EQ(world.transport.requests.size() - before, 2U);
    }
    spec.read = nothing_read;
    World broken;
    broken.serve("https://m.test", {.on_config = [](Answer& a) { a.status = 404; }}, image());
    EXPECT_FALSE(light_check(spec, {.upstream = "docker.io", .mirror = World::mirror("https://m.test")},
                             broken.transport, broken.clock)
                     .usable);
    World hole;
    hole.serve("https://m.test", {.black_hole = true}, image());
    double start = hole.clock.now();
    EXPECT_FALSE(light_check(spec, {.upstream = "docker.io", .mirror = World::mirror("https://m.test")},
                             hole.transport, hole.clock)
                     .usable);
    EXPECT_LE(hole.clock.now() - start, 6.1);
}

// The first handshake tells nothing, because it failed: the second one does.
TEST(OwnCa, TheWayIsMeasuredAlsoWhereTheOtherCaIsTrusted) {
    World world;
    world.serve("https://m.test", {.connect = 0.2, .first_byte = 0.2}, image());
    auto url = "https://m.test/v2/library/busybox/manifests/" + image().digest() + "*";
    world.transport.on(url, [&](const net::Request& request) {
        Answer answer{.headers = {{"Content-Type", kIndexType}}, .body = image().index};
        answer.connect = answer.first_byte = 0.2;
        if (!request.ca_pem.empty())
            answer.error = Error{.code = ErrorCode::network, .message = "not trusted", .cause = 60};
        return answer;
    });
    auto mirror = World::mirror("https://m.test");
    mirror.ca = "/etc/ssl/own.pem";
    auto spec = World::spec(image(), {mirror});
    spec.read_ca = [](const std::string&) -> Result<std::string> { return std::string("PEM"); };
    auto m = world.run(spec).upstreams.at(0).ranking.at(0);
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_NEAR(m.rtt_s, 0.2, 0.01);
}

}  // namespace
}  // namespace mirrorctl::bench::route_trust_test
