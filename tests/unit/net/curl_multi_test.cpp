// What the transport waits for: bodies that may gather, beside answers that must not wait.
#include "net/monotonic.hpp"
#include "recorder.hpp"
#include "support/scripted_server.hpp"

#include <chrono>
#include <thread>

namespace mirrorctl::net::curl_multi_test {
namespace {

using support::Connection;
using support::ScriptedServer;

constexpr int kDrops = 400;

// A body that comes in `kDrops` drops of one byte, every half millisecond.
void drip(Connection& connection) {
    connection.read_head();
    connection.send(cat("HTTP/1.1 200 OK\r\nContent-Length: ", kDrops, "\r\n\r\n"));
    for (int i = 0; i < kDrops; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(500));
        connection.send("x");
    }
}

Request calm(const std::string& url) {
    auto request = get(url);
    request.calm_after = 0;
    return request;
}

TEST(CurlMulti, BytesOfACalmBodyGather) {
    ScriptedServer server(drip);
    Recorder recorder;
    fetch(calm(server.url()), recorder);
    EXPECT_FALSE(recorder.response.error);
    EXPECT_EQ(recorder.body, std::string(kDrops, 'x'));
    EXPECT_LT(recorder.body_calls, kDrops * 4 / 5);
}

TEST(CurlMulti, AnAnswerDoesNotWaitForCalmBytes) {
    ScriptedServer dripping(drip);
    ScriptedServer server(ScriptedServer::always(200, "here"));
    CurlTransport transport;
    Recorder body;
    Recorder answer;
    transport.start(calm(dripping.url()), body);
    while (body.body.empty() && transport.turn(1)) {
    }
    transport.start(get(server.url()), answer);
    run_all(transport);
    EXPECT_EQ(answer.body, "here");
    EXPECT_LT(answer.response.timing.total, body.response.timing.total);
    EXPECT_EQ(body.body, std::string(kDrops, 'x'));
}

TEST(CurlMulti, ACalmByteAfterASilenceWakes) {
    ScriptedServer server([](Connection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
        // Longer than libcurl's timer for the other address family, which would wake it, too.
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        connection.send("b");
    });
    CurlTransport transport;
    Recorder recorder;
    double start = monotonic_seconds();
    transport.start(calm(server.url()), recorder);
    while (transport.turn(10)) {
    }
    EXPECT_EQ(recorder.body, "ab");
    EXPECT_LT(monotonic_seconds() - start, 3);
}

TEST(CurlMulti, AConnectionIsUrgentAgainForTheNext) {
    ScriptedServer server(ScriptedServer::always(200, std::string(300'000, 'y')));
    CurlTransport transport;
    for (auto request : {calm(server.url()), get(server.url()), calm(server.url())}) {
        Recorder recorder;
        transport.start(request, recorder);
        run_all(transport);
        EXPECT_EQ(recorder.body.size(), 300'000U);
    }
    EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlMulti, AHeldCalmBodyRests) {
    ScriptedServer server(ScriptedServer::always(200, std::string(300'000, 'z')));
    CurlTransport transport;
    Recorder recorder;
    RequestId id = 0;
    recorder.body_hook = [&](std::string_view) {
        transport.hold(id);
        return true;
    };
    id = transport.start(calm(server.url()), recorder);
    while (recorder.body.empty()) transport.turn(1);
    auto before = recorder.body.size();
    for (int i = 0; i < 5; ++i) transport.turn(0.01);
    EXPECT_EQ(recorder.body.size(), before);
    recorder.body_hook = nullptr;
    transport.go_on(id);
    run_all(transport);
    EXPECT_EQ(recorder.body, std::string(300'000, 'z'));
}

}  // namespace
}  // namespace mirrorctl::net::curl_multi_test
