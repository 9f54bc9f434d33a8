// A verdict with a reason for every way in which a mirror can fail.
#include "scripted.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::bench::session_test {
namespace {

using support::Answer;

constexpr const char* kHtml = "<!DOCTYPE html><html><body>Welcome to nginx!</body></html>";

void html(Answer& a) {
    a.headers = {{"Content-Type", "text/html"}};
    a.body = kHtml;
}

std::function<void(Answer&)> status(int code, std::vector<net::Header> headers = {}) {
    return [=](Answer& a) {
        a.status = code;
        a.body = "no";
        a.headers = headers;
    };
}

std::function<void(Answer&)> redirect(const std::string& to) {
    return status(307, {{"Location", to}});
}

struct Case {
    std::string name;
    std::function<void(Host&)> make;
    Fault fault;
    std::string words;  // that the reason must have
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.name;
}

class Verdicts : public testing::TestWithParam<Case> {};

TEST_P(Verdicts, RejectsWithTheReason) {
    Image image;
    Host host;
    GetParam().make(host);
    World world;
    double start = world.clock.now();
    auto m = world.one(host, image);
    EXPECT_FALSE(m.usable);
    EXPECT_EQ(name_of(m.fault), name_of(GetParam().fault)) << m.reason;
    EXPECT_NE(m.reason.find(GetParam().words), std::string::npos) << m.reason;
    EXPECT_LE(m.requests, 8);
    EXPECT_LT(world.clock.now() - start, 10.1);
    EXPECT_EQ(world.transport.under_way(), 0U) << "nothing may be left behind";
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Verdicts,
    testing::Values(
        Case{"black_hole", [](Host& h) { h.black_hole = true; }, Fault::timeout, ""},
        Case{"tarpit", [](Host& h) { h.silent = true; }, Fault::timeout, "no answer"},
        Case{"html_manifest", [](Host& h) { h.on_index = html; }, Fault::html, "HTML"},
        Case{"html_child", [](Host& h) { h.on_manifest = html; }, Fault::html, "HTML"},
        Case{"html_small_blob", [](Host& h) { h.on_config = html; }, Fault::html, "HTML"},
        Case{"html_big_blob", [](Host& h) { h.on_layer = html; }, Fault::html, "HTML"},
        Case{"html_with_a_json_type", [](Host& h) { h.on_index = [](Answer& a) { a.body = kHtml; }; },
             Fault::html, "HTML"},
        Case{"manifest_401_without_challenge", [](Host& h) { h.on_index = status(401); }, Fault::unauthorized,
             "401"},
        Case{"basic_only",
             [](Host& h) {
                 h.on_index = status(401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
             },
             Fault::unauthorized, "password"},
        Case{"realm_on_plain_http", [](Host& h) { h.token_realm = "http://auth.test/t"; },
             Fault::unauthorized, "plain http"},
        Case{"realm_on_loopback", [](Host& h) { h.token_realm = "https://127.0.0.1/t"; }, Fault::unauthorized,
             "only this machine"},
        Case{"realm_not_resolvable", [](Host& h) { h.token_realm = "https://nowhere.test/t"; }, Fault::dns,
             "token"},
        Case{"manifest_403", [](Host& h) { h.on_index = status(403); }, Fault::forbidden, "the manifest"},
        Case{"blob_403", [](Host& h) { h.on_config = status(403); }, Fault::forbidden, "a blob"},
        Case{"layer_403", [](Host& h) { h.on_layer = status(403); }, Fault::forbidden, "a blob"},
        Case{"manifest_404", [](Host& h) { h.on_index = status(404); }, Fault::not_found, "the manifest"},
        Case{"too_many", [](Host& h) { h.on_index = status(429); }, Fault::rate_limited, "too many"},
        Case{"too_many_later",
             [](Host& h) {
                 h.on_layer = status(429, {{"Retry-After", "120"}});
             },
             Fault::rate_limited, "2 m of peace"},
        Case{"server_error", [](Host& h) { h.on_index = status(503); }, Fault::server_error, "503"},
        Case{"odd_status", [](Host& h) { h.on_index = status(418); }, Fault::bad_status, "418"},
        Case{"another_index", [](Host& h) { h.on_index = [](Answer& a) { a.body += " "; }; }, Fault::digest,
             "another manifest"},
        Case{"another_child", [](Host& h) { h.on_manifest = [](Answer& a) { a.body += " "; }; },
             Fault::digest, "another manifest"},
        Case{"wrong_small_bytes", [](Host& h) { h.on_config = [](Answer& a) { a.body[3] = 'X'; }; },
             Fault::content, "wrong bytes"},
        Case{"media_type",
             [](Host& h) {
                 h.on_index = [](Answer& a) { a.headers = {{"Content-Type", "application/json"}}; };
             },
             Fault::media_type, "application/json"},
        Case{"schema_1",
             [](Host& h) {
                 h.on_index = [](Answer& a) {
                     a.headers = {
                         {"Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"}};
                 };
             },
             Fault::media_type, "media type"},
        Case{"to_plain_http", [](Host& h) { h.on_layer = redirect("http://cdn.test/b"); }, Fault::redirect,
             "plain http"},
        Case{"to_loopback", [](Host& h) { h.on_layer = redirect("https://127.0.0.1/b"); }, Fault::redirect,
             "only this machine"},
        Case{"redirect_loop",
             [](Host& h) {
                 h.on_config =
                     redirect("https://m.test/v2/library/busybox/blobs/" + sha256_digest(Image().config));
             },
             Fault::redirect, "more than 5"},
        Case{"endless_manifest",
             [](Host& h) { h.on_index = [](Answer& a) { a.body = std::string(9U << 20U, ' '); }; },
             Fault::size, "does not end"},
        Case{"endless_small_blob",
             [](Host& h) { h.on_config = [](Answer& a) { a.body += std::string(1U << 20U, 'x'); }; },
             Fault::size, "wrong size"},
        Case{"announced_size_lies",
             [](Host& h) {
                 h.on_config = [](Answer& a) { a.headers.emplace_back("Content-Length", "99999"); };
             },
             Fault::size, "99999"},
        Case{"range_of_another_size", [](Host& h) { h.on_layer = [](Answer& a) { a.body += "more"; }; },
             Fault::size, "instead of"},
        Case{"another_range",
             [](Host& h) {
                 h.on_layer = [](Answer& a) {
                     a.status = 206;
                     a.headers.emplace_back("Content-Range", "bytes 7-100/12582912");
                 };
             },
             Fault::protocol, "another range"},
        Case{"small_blob_cut_short", [](Host& h) { h.on_config = [](Answer& a) { a.body.resize(3); }; },
             Fault::size, "ended after 3"},
        Case{"gzip_bomb",
             [](Host& h) {
                 h.on_config = [](Answer& a) { a.headers.emplace_back("Content-Encoding", "gzip"); };
             },
             Fault::protocol, "nobody asked for"},
        Case{"endless_headers",
             [](Host& h) {
                 h.on_index = [](Answer& a) {
                     a.error = Error{.code = ErrorCode::http, .message = "headers too long: m.test"};
                 };
             },
             Fault::protocol, "headers too long"},
        Case{"certificate",
             [](Host& h) {
                 h.on_index = [](Answer& a) {
                     a.error = Error{.code = ErrorCode::network,
                                     .message = "TLS certificate not trusted: m.test",
                                     .cause = 60};
                 };
             },
             Fault::tls, "not trusted"},
        Case{"refused",
             [](Host& h) {
                 h.on_index = [](Answer& a) {
                     a.error = Error{.code = ErrorCode::network,
                                     .message = "could not connect: m.test: connection refused",
                                     .cause = 7};
                 };
             },
             Fault::connect, "refused"},
        Case{"reset_in_the_middle", [](Host& h) { h.on_layer = [](Answer& a) { a.reset_at = 1 << 20; }; },
             Fault::reset, "reset"},
        Case{"stall_in_the_middle", [](Host& h) { h.on_layer = [](Answer& a) { a.stall_at = 1 << 20; }; },
             Fault::stalled, "stopped sending"},
        Case{"stall_after_the_headers", [](Host& h) { h.on_config = [](Answer& a) { a.stall_at = 0; }; },
             Fault::stalled, "stopped sending"}),
    [](const auto& one) { return one.param.name; });

TEST(Session, AnHonestMirrorIsMeasured) {
    World world;
    auto m = world.one({.connect = 0.02, .first_byte = 0.03, .rate = 5e6}, Image());
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_NEAR(m.throughput_bps, 5e6, 5e5);
    EXPECT_NEAR(m.connect_s, 0.02, 1e-6);
    EXPECT_NEAR(m.predicted_pull_s, 30.0 * 1048576 / 5e6, 1.5);
    EXPECT_TRUE(m.confirmed);
    EXPECT_EQ(m.final_host, "m.test");
    EXPECT_LE(m.predicted_low_s, m.predicted_pull_s);
    EXPECT_GE(m.predicted_high_s, m.predicted_pull_s);
    EXPECT_LE(m.bytes, 12LL << 20U);
}

// Where IPv6 is broken, the handshake waits for it first (RFC 8305, section 5); the way is no longer for
// that.
TEST(Session, AWaitForAnotherAddressIsNoRoundTrip) {
    World world;
    auto m = world.one({.connect = 0.27, .first_byte = 0.02, .rate = 5e6}, Image());
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_NEAR(m.connect_s, 0.27, 1e-6) << "a pull waits so long, too";
    EXPECT_NEAR(m.rtt_s, 0.02, 1e-6);
}

TEST(Session, AWholeSmallLayerIsHashed) {
    Image image(100'000);
    World honest;
    EXPECT_TRUE(honest.one({}, image).usable);
    World lying;
    auto m = lying.one({.on_layer = [](Answer& a) { a.body[50'000] = '!'; }}, image);
    EXPECT_EQ(m.fault, Fault::content) << m.reason;
}

TEST(Session, ServerWithoutRangesIsStoppedEarly) {
    Image image(11U << 20U);
    World world;
    auto m = world.one({.rate = 1e6, .on_layer = [](Answer& a) { a.ranges = false; }}, image);
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_NEAR(m.throughput_bps, 1e6, 2e5);
    EXPECT_LT(m.bytes, 6LL << 20U);
}

TEST(Session, DelayBeforeTheFirstByteCounts) {
    World quick;
    World delayed;
    auto a = quick.one({}, Image());
    auto b = delayed.one({.on_layer = [](Answer& answer) { answer.first_byte = 1.2; }}, Image());
    ASSERT_TRUE(b.usable) << b.reason;
    EXPECT_GE(b.ttfb_s, 1.2);
    EXPECT_GT(b.predicted_pull_s, a.predicted_pull_s + 0.9);
    EXPECT_NE(b.reason.find("waits before it serves"), std::string::npos) << b.reason;
}

TEST(Session, ThrottleAfterABurstCountsAsWhatItSustains) {
    World world;
    auto m = world.one({.on_layer =
                            [](Answer& a) {
                                a.piece = 4096;
                                a.rate_at = [](std::int64_t sent) { return sent < (3 << 20) ? 40e6 : 0.3e6; };
                            }},
                       Image());
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_LT(m.throughput_bps, 0.6e6);
    EXPECT_NE(m.reason.find("throttled"), std::string::npos) << m.reason;
}

TEST(Session, RedirectIsTimedAtTheFinalHost) {
    Image image;
    World world;
    world.transport.on("https://cdn.test/*",
                       Answer{.body = image.layer, .connect = 0.05, .first_byte = 0.4, .rate = 0.5e6});
    auto m = world.one({.on_layer = redirect("https://cdn.test/blob?sig=1")}, image);
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_EQ(m.final_host, "cdn.test");
    EXPECT_LT(m.throughput_bps, 0.7e6);
    EXPECT_GE(m.ttfb_s, 0.45);
    EXPECT_NE(m.reason.find("blobs come from cdn.test"), std::string::npos) << m.reason;
    for (const auto& request : world.transport.requests)
        EXPECT_FALSE(request.url.host == "cdn.test" && World::has_header(request, "Authorization"));
}

TEST(Session, TokenIsFetchedOnceAndKept) {
    World world;
    world.transport.on("https://auth.test/*", Answer{.body = R"({"token":"abc"})", .first_byte = 0.2});
    auto m = world.one({.token_realm = "https://auth.test/token"}, Image());
    ASSERT_TRUE(m.usable) << m.reason;
    EXPECT_EQ(world.transport.count("https://auth.test/"), 1U);
    EXPECT_GE(m.token_s, 0.2);
    EXPECT_EQ(world.transport.requests.at(1).url.str(),
              "https://auth.test/token?service=s&scope=repository:library/busybox:pull");
}

TEST(Session, MirrorsWithTheSameTokenUrlShareOneRequest) {
    Image image;
    World world;
    world.transport.on("https://auth.test/*", Answer{.body = R"({"token":"abc"})", .first_byte = 0.2});
    std::vector<Mirror> mirrors;
    for (int i = 0; i < 5; ++i) {
        auto url = cat("https://m", i, ".test");
        world.serve(url, {.token_realm = "https://auth.test/token"}, image);
        mirrors.push_back(World::mirror(url));
    }
    auto report = world.run(World::spec(image, mirrors));
    EXPECT_EQ(world.transport.count("https://auth.test/"), 1U);
    for (const auto& m : report.upstreams[0].ranking) {
        EXPECT_TRUE(m.usable) << m.reason;
        EXPECT_GE(m.token_s, 0.2) << "what the token costs is charged to everyone";
    }
}

TEST(Session, ATokenThatDoesNotHelpIsFinal) {
    World world;
    world.transport.on("https://auth.test/*", Answer{.body = R"({"token":"abc"})"});
    auto m = world.one(
        {.on_index = status(401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.test/t\""}})}, Image());
    EXPECT_EQ(m.fault, Fault::unauthorized);
    EXPECT_EQ(world.transport.count("https://auth.test/"), 1U);
    EXPECT_EQ(m.requests, 3);
}

TEST(Session, ATokenServerThatRedirectsIsNotFollowed) {
    World world;
    world.transport.on("https://auth.test/*",
                       Answer{.status = 302, .headers = {{"Location", "https://other.test/"}}});
    auto m = world.one({.token_realm = "https://auth.test/t"}, Image());
    EXPECT_EQ(m.fault, Fault::unauthorized) << m.reason;
    EXPECT_EQ(world.transport.count("https://other.test"), 0U);
}

TEST(Session, CredentialsGoToTheirOwnHostOnly) {
    Image image;
    World world;
    world.transport.on("https://cdn.test/*", Answer{.body = image.layer});
    world.serve("https://m.test", {.on_index = [](Answer&) {}, .on_layer = redirect("https://cdn.test/x")},
                image);
    auto root = "https://m.test/v2/library/busybox/manifests/" + image.digest() + "*";
    world.transport.on(root, [&](const net::Request& request) {
        if (!World::has_header(request, "Authorization"))
            return Answer{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"harbor\""}}};
        return Answer{.headers = {{"Content-Type", kIndexType}}, .body = image.index};
    });
    auto mirror = World::mirror("https://m.test");
    mirror.auth = "/etc/mirrorctl/harbor.auth";
    auto spec = World::spec(image, {mirror});
    spec.read_secret = [](const std::string&) { return Result<std::string>("alice:s3cret\n"); };
    auto m = world.run(spec).upstreams[0].ranking[0];
    ASSERT_TRUE(m.usable) << m.reason;
    bool sent = false;
    for (const auto& request : world.transport.requests)
        for (const auto& [name, value] : request.headers) {
            if (name != "Authorization") continue;
            EXPECT_EQ(request.url.host, "m.test");
            EXPECT_EQ(value, "Basic YWxpY2U6czNjcmV0");
            sent = true;
        }
    EXPECT_TRUE(sent);
}

TEST(Session, APrivateCaHoldsForTheTokenServerTooAndTheSystemsForOthers) {
    Image image;
    World world;
    auto mirror = World::mirror("https://m.test");
    mirror.ca = "/etc/ca.pem";
    world.serve("https://m.test", {.token_realm = "https://auth.test/token"}, image);
    world.transport.on("https://auth.test/*", [](const net::Request& request) {
        if (request.ca_pem == "PEM of /etc/ca.pem") return Answer{.body = R"({"token":"abc"})"};
        return Answer{.error = Error{
                          .code = ErrorCode::network, .message = "TLS certificate not trusted", .cause = 60}};
    });
    auto spec = World::spec(image, {mirror});
    spec.read_ca = [](const std::string& path) -> Result<std::string> { return "PEM of " + path; };
    auto m = world.run(spec).upstreams[0].ranking[0];
    EXPECT_TRUE(m.usable) << m.reason;
    EXPECT_EQ(world.transport.count("https://auth.test/"), 2U);
    for (const auto& request : world.transport.requests) {
        if (request.url.host == "m.test") {
            EXPECT_EQ(request.ca_pem, "PEM of /etc/ca.pem");
        }
    }
}

TEST(Session, TagOnlyCanaryIsCheckedAgainstItsHeader) {
    Image image;
    for (bool lying : {false, true}) {
        World world;
        Host host;
        if (lying) host.on_tag = [](Answer& a) { a.body += "\n"; };
        world.serve("https://m.test", host, image);
        auto spec = World::spec(image, {World::mirror("https://m.test")});
        spec.profile.upstreams[0].canaries[0].digest = "";
        auto m = world.run(spec).upstreams[0].ranking[0];
        EXPECT_EQ(m.usable, !lying) << m.reason;
        EXPECT_EQ(m.fault, lying ? Fault::digest : Fault::none);
        EXPECT_EQ(m.tag_digest, lying ? "" : image.digest());
    }
}

}  // namespace
}  // namespace mirrorctl::bench::session_test
