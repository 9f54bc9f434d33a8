#include "net/curl_transport.hpp"

#include "recorder.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>

namespace mirrorctl::net::curl_transport_test {
namespace {

using support::Connection;
using support::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

TEST(CurlTransport, IdleHasNothingToDo) {
    CurlTransport transport;
    EXPECT_FALSE(transport.turn(10));
    transport.cancel(7);
}

TEST(CurlTransport, DeliversStatusHeadersAndBody) {
    ScriptedServer server(ScriptedServer::always(404, "gone", "X-One: a\r\nx-one:  b \r\nEmpty:\r\n"));
    Recorder recorder;
    fetch(get(server.url("/v2/?a=b")), recorder);
    const auto& r = recorder.response;
    EXPECT_FALSE(r.error) << to_string(*r.error);
    EXPECT_EQ(r.status, 404);
    EXPECT_EQ(recorder.body, "gone");
    EXPECT_EQ(r.bytes, 4);
    EXPECT_GT(r.header_bytes, 40);
    EXPECT_FALSE(r.truncated);
    EXPECT_EQ(r.header("X-ONE"), "a");
    EXPECT_EQ(r.header("empty"), "");
    EXPECT_EQ(r.header("none"), std::nullopt);
    EXPECT_THAT(r.all_headers("X-One"), testing::ElementsAre("a", "b"));
    EXPECT_EQ(r.peer_address, "127.0.0.1");
    EXPECT_GE(r.timing.connect, 0);
    EXPECT_EQ(r.timing.tls, -1);
    EXPECT_GE(r.timing.first_byte, r.timing.connect);
    EXPECT_GE(r.timing.total, r.timing.first_byte);
    EXPECT_EQ(recorder.headers_calls, 1);
}

TEST(CurlTransport, SendsExactlyWhatTheRequestHolds) {
    ScriptedServer server([](Connection& connection) {
        connection.note(connection.read_head());
        connection.answer(200, "");
    });
    auto request = get(server.url("/a/../b?x=%41"));
    request.url.userinfo = "user:secret";
    request.headers = {{"Accept", "application/json"}, {"Empty", ""}};
    Recorder recorder;
    fetch(request, recorder);
    auto sent = server.notes().at(0);
    EXPECT_THAT(sent, testing::StartsWith("GET /a/../b?x=%41 HTTP/1.1\r\n"));
    EXPECT_THAT(sent, HasSubstr("\r\nAccept: application/json\r\n"));
    EXPECT_THAT(sent, HasSubstr("\r\nEmpty:\r\n"));
    EXPECT_THAT(sent, HasSubstr(cat("\r\nUser-Agent: mirrorctl/", MIRRORCTL_VERSION,
                                    " (+image mirror benchmark)\r\n")));
    EXPECT_THAT(sent, Not(HasSubstr("Authorization")));
    EXPECT_THAT(sent, Not(HasSubstr("Accept-Encoding")));
}

TEST(CurlTransport, HeadHasNoBodyAndAnAgentOfTheCallerStays) {
    ScriptedServer server([](Connection& connection) {
        connection.note(connection.read_head());
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    });
    auto request = get(server.url());
    request.method = "HEAD";
    request.headers = {{"user-agent", "other"}};
    Recorder recorder;
    fetch(request, recorder);
    EXPECT_FALSE(recorder.response.error);
    EXPECT_EQ(recorder.response.header("content-length"), "5000");
    EXPECT_EQ(recorder.body_calls, 0);
    EXPECT_THAT(server.notes().at(0), testing::StartsWith("HEAD / "));
    EXPECT_THAT(server.notes().at(0), Not(HasSubstr("mirrorctl")));
}

TEST(CurlTransport, RedirectsAndEncodedBodiesAreDeliveredAsTheyAre) {
    ScriptedServer server(ScriptedServer::always(
        307, "\x1f\x8bnot gzip at all", "Location: http://127.0.0.1:1/\r\nContent-Encoding: gzip\r\n"));
    Recorder recorder;
    fetch(get(server.url()), recorder);
    EXPECT_EQ(recorder.response.status, 307);
    EXPECT_FALSE(recorder.response.error);
    EXPECT_EQ(recorder.response.header("location"), "http://127.0.0.1:1/");
    EXPECT_EQ(recorder.body, "\x1f\x8bnot gzip at all");
    EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlTransport, ChunkedBodiesWithTrailersAfterInterimAnswers) {
    ScriptedServer server([](Connection& connection) {
        connection.read_head();
        connection.send(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: "
            "1\r\n\r\n");
        connection.send("3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n");
    });
    Recorder recorder;
    fetch(get(server.url()), recorder);
    EXPECT_EQ(recorder.body, "abcde");
    EXPECT_EQ(recorder.response.status, 200);
    EXPECT_EQ(recorder.headers_calls, 1);
    EXPECT_EQ(recorder.response.header("link"), std::nullopt);
    EXPECT_EQ(recorder.response.header("trailer"), std::nullopt);
}

TEST(CurlTransport, TheBodyLimitCutsExactly) {
    ScriptedServer server(ScriptedServer::always(200, std::string(1000, 'x')));
    for (auto [limit, truncated] : {std::pair{999, true}, {1000, false}, {0, true}, {1001, false}}) {
        auto request = get(server.url());
        request.max_body_bytes = limit;
        Recorder recorder;
        fetch(request, recorder);
        EXPECT_EQ(recorder.response.truncated, truncated) << limit;
        EXPECT_EQ(recorder.body.size(), static_cast<std::size_t>(std::min(limit, 1000)));
        EXPECT_EQ(recorder.response.bytes, std::min(limit, 1000));
        EXPECT_FALSE(recorder.response.error);
        EXPECT_EQ(recorder.response.status, 200);
    }
}

TEST(CurlTransport, AnEndlessBodyEndsAtTheLimit) {
    ScriptedServer server([](Connection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\n\r\n");
        while (connection.send(std::string(4096, 'x'))) {
        }
    });
    auto request = get(server.url());
    request.max_body_bytes = 100'000;
    Recorder recorder;
    fetch(request, recorder);
    EXPECT_TRUE(recorder.response.truncated);
    EXPECT_EQ(recorder.body.size(), 100'000U);
}

TEST(CurlTransport, EndlessHeadersAreAnError) {
    const std::pair<const char*, const char*> cases[] = {
        {"HTTP/1.1 200 OK\r\n", "Name: value\r\n"},
        {"HTTP/1.1 200 OK\r\n", "one line without an end"},
        {"", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
    };
    for (auto [start, line] : cases) {
        ScriptedServer server([start = start, line = line](Connection& connection) {
            connection.read_head();
            connection.send(start);
            while (connection.send(line)) {
            }
        });
        Recorder recorder;
        fetch(get(server.url()), recorder);
        ASSERT_TRUE(recorder.response.error) << line;
        EXPECT_EQ(recorder.response.error->code, ErrorCode::http);
        EXPECT_THAT(recorder.response.error->message, HasSubstr("headers too long")) << line;
        EXPECT_LT(recorder.response.header_bytes, 80 * 1024);
        EXPECT_EQ(recorder.body_calls, 0);
    }
}

TEST(CurlTransport, HandlersEndTransfersByAnsweringFalse) {
    ScriptedServer server(ScriptedServer::always(200, std::string(200'000, 'x')));
    Recorder at_headers;
    at_headers.headers_hook = [](const Response&) { return false; };
    fetch(get(server.url()), at_headers);
    EXPECT_TRUE(at_headers.response.truncated);
    EXPECT_FALSE(at_headers.response.error);
    EXPECT_EQ(at_headers.body_calls, 0);
    Recorder at_body;
    at_body.body_hook = [](std::string_view) { return false; };
    fetch(get(server.url()), at_body);
    EXPECT_TRUE(at_body.response.truncated);
    EXPECT_FALSE(at_body.response.error);
    EXPECT_EQ(at_body.body_calls, 1);
}

TEST(CurlTransport, HandlersMayCancelThemselvesAndOthersAndStartMore) {
    ScriptedServer server(ScriptedServer::always(200, std::string(300'000, 'x')));
    CurlTransport transport;
    Recorder first;
    Recorder second;
    Recorder third;
    RequestId first_id = 0;
    RequestId second_id = 0;
    RequestId third_id = 0;
    first.headers_hook = [&](const Response&) {
        transport.cancel(first_id);
        transport.cancel(second_id);
        third_id = transport.start(get(server.url()), third);
        return true;
    };
    first_id = transport.start(get(server.url()), first);
    transport.turn(0);  // connects
    while (first.headers_calls == 0) transport.turn(1);
    second_id = 0;
    run_all(transport);
    EXPECT_NE(third_id, 0U);
    EXPECT_EQ(first.done_calls, 0);
    EXPECT_EQ(first.body_calls, 0);
    EXPECT_EQ(third.done_calls, 1);
    EXPECT_EQ(third.body.size(), 300'000U);
}

TEST(CurlTransport, ACancelledRequestIsSilent) {
    ScriptedServer server([](Connection& connection) { connection.wait_for_close(); });
    CurlTransport transport;
    Recorder early;
    Recorder late;
    transport.cancel(transport.start(get(server.url()), early));
    auto id = transport.start(get(server.url()), late);
    transport.turn(0.01);
    transport.cancel(id);
    EXPECT_FALSE(transport.turn(1));
    EXPECT_EQ(early.done_calls + late.done_calls, 0);
}

TEST(CurlTransport, OnDoneMayStartTheNext) {
    ScriptedServer server(ScriptedServer::always(200, "x"));
    CurlTransport transport;
    struct Chain : Recorder {
        Chain(CurlTransport& t, std::string u) : chained(t), url(std::move(u)) {}
        void on_done(const Response& r) override {
            Recorder::on_done(r);
            if (done_calls < 3) chained.start(get(url), *this);
        }
        CurlTransport& chained;
        std::string url;
    } chain(transport, server.url());
    transport.start(get(server.url()), chain);
    run_all(transport);
    EXPECT_EQ(chain.done_calls, 3);
    EXPECT_EQ(server.accepted(), 1);  // one connection for all three
    EXPECT_TRUE(chain.response.reused_connection);
}

TEST(CurlTransport, ManyAtOnce) {
    ScriptedServer server(ScriptedServer::always(200, std::string(10'000, 'y')));
    CurlTransport transport;
    std::vector<Recorder> recorders(20);
    for (auto& recorder : recorders) transport.start(get(server.url()), recorder);
    run_all(transport);
    for (const auto& recorder : recorders) EXPECT_EQ(recorder.body.size(), 10'000U);
}

TEST(CurlTransport, MayBeDestroyedInTheMiddle) {
    ScriptedServer server([](Connection& connection) { connection.wait_for_close(); });
    Recorder recorder;
    {
        CurlTransport transport;
        transport.start(get(server.url()), recorder);
        transport.start(get(server.url()), recorder);
        transport.turn(0.01);
    }
    EXPECT_EQ(recorder.done_calls, 0);
}

TEST(CurlTransport, BrokenRequestsAreNotSent) {
    ScriptedServer server(ScriptedServer::always(200, ""));
    auto injected = get(server.url());
    injected.headers = {{"A", "b\r\nEvil: c"}};
    auto method = get(server.url());
    method.method = "TRACE";
    for (const auto& request : {injected, method}) {
        Recorder recorder;
        fetch(request, recorder);
        ASSERT_TRUE(recorder.response.error);
        EXPECT_EQ(recorder.response.error->code, ErrorCode::internal);
    }
    EXPECT_EQ(server.accepted(), 0);
}

}  // namespace
}  // namespace mirrorctl::net::curl_transport_test
