// Every way in which a transfer can fail, on real sockets: code and words.
#include "recorder.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <chrono>
#include <future>

namespace mirrorctl::net::curl_error_test {
namespace {

using support::Connection;
using support::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

Error failure_of(const Request& request) {
    Recorder recorder;
    fetch(request, recorder);
    EXPECT_TRUE(recorder.response.error);
    return recorder.response.error.value_or(Error{});
}

// A port on which nobody listens: bound, so that nobody else gets it, but without listen().
class DeafPort {
  public:
    DeafPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    std::string address() const { return cat("127.0.0.1:", port_); }

  private:
    sys::Fd fd_;
    int port_ = 0;
};

// A port that takes no more connections: those of its backlog are never accepted.
class FullBacklog {
  public:
    FullBacklog() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_.get(), 0), 0);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        for (int i = 0; i < 4; ++i) {
            clients_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            [[maybe_unused]] int pending =
                ::connect(clients_.back().get(), reinterpret_cast<sockaddr*>(&address), size);
        }
    }
    std::string address() const { return cat("127.0.0.1:", port_); }

  private:
    sys::Fd listener_;
    std::vector<sys::Fd> clients_;
    int port_ = 0;
};

TEST(CurlError, Refused) {
    DeafPort port;
    auto error = failure_of(get(cat("http://", port.address(), "/")));
    EXPECT_EQ(error.code, ErrorCode::network);
    EXPECT_EQ(error.cause, 7);
    EXPECT_THAT(error.message, HasSubstr("could not connect: 127.0.0.1: connection refused"));
}

TEST(CurlError, Unresolved) {
    auto error = failure_of(get("http://no-such-host.invalid/"));
    EXPECT_EQ(error.code, ErrorCode::network);
    EXPECT_THAT(error.message,
                testing::AnyOf(HasSubstr("could not resolve: no-such-host.invalid"), HasSubstr("timed out")));
}

struct TimeoutCase {
    const char* sent;
    const char* words;
};

const TimeoutCase kTimeoutCases[] = {{"", "while waiting for the first byte"},
                                     {"HTTP/1.1 200 OK\r\nContent-Le", "while reading"},
                                     {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "while reading"}};

TEST(Timeout, NamesThePhase) {
    for (const auto& c : kTimeoutCases) {
        SCOPED_TRACE(c.words);
        ScriptedServer server([c](Connection& connection) {
            connection.read_head();
            connection.send(c.sent);
            connection.wait_for_close();
        });
        auto request = get(server.url());
        request.deadline = 0.2;
        auto error = failure_of(request);
        EXPECT_EQ(error.code, ErrorCode::network);
        EXPECT_EQ(error.cause, 28);
        EXPECT_THAT(error.message, testing::StartsWith("timed out after 0."));
        EXPECT_THAT(error.message, HasSubstr(c.words));
    }
}

TEST(CurlError, TimedOutInTheTlsHandshake) {
    ScriptedServer server([](Connection& connection) { connection.wait_for_close(); });
    auto request = get(cat("https://127.0.0.1:", server.port(), "/"));
    request.connect_timeout = 0.2;
    auto error = failure_of(request);
    EXPECT_EQ(error.code, ErrorCode::network);
    EXPECT_THAT(error.message, HasSubstr("during the TLS handshake"));
}

TEST(CurlError, TimedOutWhileTheConnectionIsMade) {
    FullBacklog port;
    for (const char* scheme : {"http", "https"}) {
        auto request = get(cat(scheme, "://", port.address(), "/"));
        request.connect_timeout = 0.1;
        auto error = failure_of(request);
        EXPECT_EQ(error.code, ErrorCode::network);
        EXPECT_THAT(error.message, HasSubstr("while connecting: 127.0.0.1"));
        request.proxy = cat("http://", port.address());
        error = failure_of(request);
        EXPECT_EQ(error.code, ErrorCode::proxy);
        EXPECT_THAT(error.message, HasSubstr("while connecting to the proxy"));
    }
}

TEST(CurlError, NotTls) {
    ScriptedServer server([](Connection& connection) {
        connection.read_bytes(5);
        connection.send("HTTP/1.1 400 Bad\r\n\r\n");
    });
    auto error = failure_of(get(cat("https://127.0.0.1:", server.port(), "/")));
    EXPECT_EQ(error.code, ErrorCode::network);
    EXPECT_THAT(error.message, HasSubstr("TLS handshake failed: 127.0.0.1"));
}

TEST(CurlError, BrokenCaFile) {
    ScriptedServer server(ScriptedServer::always(200, ""));
    auto request = get(cat("https://127.0.0.1:", server.port(), "/"));
    request.ca_pem = "no certificate";
    auto error = failure_of(request);
    EXPECT_EQ(error.code, ErrorCode::network);
    EXPECT_THAT(error.message, HasSubstr("CA file not usable"));
}

struct CutCase {
    const char* sent;
    bool reset;
    ErrorCode code;
    const char* words;
};

const CutCase kCutCases[] = {
    {"", false, ErrorCode::network, "connection closed without an answer"},
    {"", true, ErrorCode::network, "connection reset while waiting for the first byte"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false, ErrorCode::network, "closed in the middle"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false, ErrorCode::network,
     "closed in the middle"},
    {"SSH-2.0-\x1b[31mOpenSSH\r\n\r\n", false, ErrorCode::http, "not HTTP"}};

TEST(Cut, IsNamed) {
    for (const auto& c : kCutCases) {
        SCOPED_TRACE(c.words);
        ScriptedServer server([c](Connection& connection) {
            connection.read_head();
            connection.send(c.sent);
            if (c.reset) connection.reset();
        });
        auto error = failure_of(get(server.url()));
        EXPECT_EQ(error.code, c.code) << error.message;
        EXPECT_THAT(error.message, HasSubstr(c.words));
        EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
    }
}

TEST(CurlError, AResetInTheMiddleKeepsWhatCame) {
    std::promise<void> received;
    auto has_received = received.get_future().share();
    ScriptedServer server([has_received](Connection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nabc");
        has_received.wait_for(std::chrono::seconds(10));
        connection.reset();
    });
    Recorder recorder;
    recorder.body_hook = [&](std::string_view) {
        received.set_value();
        return true;
    };
    fetch(get(server.url()), recorder);
    EXPECT_EQ(recorder.body, "abc");
    EXPECT_EQ(recorder.response.status, 200);
    ASSERT_TRUE(recorder.response.error);
    EXPECT_THAT(recorder.response.error->message, HasSubstr("connection reset while reading"));
}

TEST(CurlError, GuardRefusesSpecialAddressesHoweverTheyAreWritten) {
    ScriptedServer server(ScriptedServer::always(200, "secret"));
    for (const char* host :
         {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"}) {
        auto request = get(cat("http://", host, ":", server.port(), "/"));
        request.allow_special_addresses = false;
        Recorder recorder;
        fetch(request, recorder);
        ASSERT_TRUE(recorder.response.error) << host;
        EXPECT_EQ(recorder.response.error->code, ErrorCode::network);
        EXPECT_THAT(recorder.response.error->message, HasSubstr("refused to connect"));
        EXPECT_EQ(recorder.body, "");
    }
    EXPECT_EQ(server.accepted(), 0);
}

TEST(CurlError, GuardChecksConnectionsOfOthersToo) {
    ScriptedServer server([](Connection& connection) {
        for (auto head = connection.read_head(); !head.empty(); head = connection.read_head()) {
            connection.note(head);
            connection.answer(200, "x");
        }
    });
    CurlTransport transport;
    Recorder allowed;
    transport.start(get(cat("http://localhost:", server.port(), "/first")), allowed);
    run_all(transport);
    EXPECT_FALSE(allowed.response.error);
    Recorder guarded;
    auto request = get(cat("http://localhost:", server.port(), "/second"));
    request.allow_special_addresses = false;
    transport.start(request, guarded);
    run_all(transport);
    ASSERT_TRUE(guarded.response.error);
    EXPECT_THAT(guarded.response.error->message, HasSubstr("127.0.0.1 is a loopback address"));
    EXPECT_EQ(server.notes().size(), 1U);
}

TEST(CurlError, ControlCharactersOfStrangersStayOut) {
    ScriptedServer server([](Connection& connection) {
        connection.read_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \x1b[2Jabc\r\n\r\n");
    });
    auto error = failure_of(get(server.url()));
    EXPECT_THAT(error.message, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace mirrorctl::net::curl_error_test
