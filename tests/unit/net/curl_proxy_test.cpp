#include "recorder.hpp"
#include "support/scripted_server.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace mirrorctl::net::curl_proxy_test {
namespace {

using support::Connection;
using support::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

Response through(const std::string& proxy, const std::string& url, Recorder& recorder) {
    auto request = get(url);
    request.proxy = proxy;
    request.deadline = 5;
    fetch(request, recorder);
    return recorder.response;
}

TEST(CurlProxy, PlainHttpGoesToTheProxyWithItsCredentials) {
    ScriptedServer proxy([](Connection& connection) {
        connection.note(connection.read_head());
        connection.answer(200, "from afar");
    });
    Recorder recorder;
    auto response =
        through(cat("http://us%40er:p%3Aw@127.0.0.1:", proxy.port()), "http://mirror.test/v2/", recorder);
    EXPECT_FALSE(response.error);
    EXPECT_EQ(recorder.body, "from afar");
    auto sent = proxy.notes().at(0);
    EXPECT_THAT(sent, testing::StartsWith("GET http://mirror.test/v2/ HTTP/1.1\r\n"));
    EXPECT_THAT(sent, HasSubstr(cat("Proxy-Authorization: Basic ", base64_encode("us@er:p:w"))));
}

TEST(CurlProxy, TheEnvironmentIsIgnored) {
    ScriptedServer server(ScriptedServer::always(200, "direct"));
    ScriptedServer proxy(ScriptedServer::always(200, "proxied"));
    auto address = cat("http://127.0.0.1:", proxy.port());
    for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
        ::setenv(name, address.c_str(), 1);
    Recorder direct;
    fetch(get(server.url()), direct);
    for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    EXPECT_EQ(direct.body, "direct");
    ::setenv("no_proxy", "*", 1);
    ::setenv("NO_PROXY", "*", 1);
    Recorder proxied;
    through(address, server.url(), proxied);
    ::unsetenv("no_proxy");
    ::unsetenv("NO_PROXY");
    EXPECT_EQ(proxied.body, "proxied");
}

struct AnswerCase {
    int status;
    const char* words;
};

const AnswerCase kConnectAnswerCases[] = {{407, "it wants other credentials (407)"},
                                          {403, "answered 403 for mirror.test"},
                                          {502, "answered 502 for mirror.test"}};

TEST(ConnectAnswer, OtherThan200IsTheProxysFault) {
    for (const auto& c : kConnectAnswerCases) {
        SCOPED_TRACE(c.words);
        ScriptedServer proxy([c](Connection& connection) {
            connection.read_head();
            connection.answer(c.status, "no");
        });
        Recorder recorder;
        auto response =
            through(cat("http://user:secret@127.0.0.1:", proxy.port()), "https://mirror.test/v2/", recorder);
        ASSERT_TRUE(response.error);
        EXPECT_EQ(response.error->code, ErrorCode::proxy);
        EXPECT_EQ(response.error->cause, c.status);
        EXPECT_THAT(response.error->message, HasSubstr(c.words));
        EXPECT_THAT(to_string(*response.error), Not(HasSubstr("secret")));
        EXPECT_EQ(response.status, 0);
        EXPECT_EQ(recorder.headers_calls, 0);
    }
}

TEST(CurlProxy, A407ForPlainHttpIsTheProxysFaultToo) {
    ScriptedServer proxy(ScriptedServer::always(407, "no"));
    Recorder recorder;
    auto response = through(cat("http://127.0.0.1:", proxy.port()), "http://mirror.test/", recorder);
    ASSERT_TRUE(response.error);
    EXPECT_EQ(response.error->code, ErrorCode::proxy);
    EXPECT_NE(response.error->hint, "");
}

TEST(CurlProxy, A403OfTheServerIsNot) {
    ScriptedServer proxy(ScriptedServer::always(403, "no"));
    Recorder recorder;
    auto response = through(cat("http://127.0.0.1:", proxy.port()), "http://mirror.test/", recorder);
    EXPECT_FALSE(response.error);
    EXPECT_EQ(response.status, 403);
}

TEST(CurlProxy, UnreachableProxies) {
    int port = 0;
    {
        ScriptedServer gone(ScriptedServer::always(200, ""));
        port = gone.port();
    }
    Recorder refused;
    auto response = through(cat("http://127.0.0.1:", port), "https://mirror.test/", refused);
    ASSERT_TRUE(response.error);
    EXPECT_EQ(response.error->code, ErrorCode::proxy);
    EXPECT_THAT(response.error->message, HasSubstr("could not connect to the proxy: http://127.0.0.1"));
    Recorder unresolved;
    response = through("http://no-such-proxy.invalid:3128", "https://mirror.test/", unresolved);
    ASSERT_TRUE(response.error);
    EXPECT_EQ(response.error->code, ErrorCode::proxy);
    Recorder nonsense;
    response = through("what is this", "https://mirror.test/", nonsense);
    EXPECT_TRUE(response.error);
}

TEST(CurlProxy, TheGuardDoesNotConcernTheProxyItself) {
    ScriptedServer proxy(ScriptedServer::always(200, "ok"));
    auto request = get("http://mirror.test/");
    request.proxy = cat("http://127.0.0.1:", proxy.port());
    request.allow_special_addresses = false;
    Recorder recorder;
    fetch(request, recorder);
    EXPECT_FALSE(recorder.response.error);
    request = get("http://169.254.169.254/latest/meta-data");
    request.proxy = cat("http://127.0.0.1:", proxy.port());
    request.allow_special_addresses = false;
    Recorder metadata;
    fetch(request, metadata);
    ASSERT_TRUE(metadata.response.error);
    EXPECT_EQ(proxy.accepted(), 1);
}

// RFC 1928: greeting, CONNECT with a domain name, reply.
std::string socks_request(Connection& connection) {
    auto greeting = connection.read_bytes(2);
    connection.read_bytes(static_cast<std::size_t>(greeting.at(1)));
    connection.send(std::string("\x05\x00", 2));
    auto head = connection.read_bytes(4);
    if (head.size() < 4 || head[3] != 3) return "an address, not a name";
    auto length = connection.read_bytes(1);
    auto name = connection.read_bytes(static_cast<std::size_t>(length.at(0)));
    connection.read_bytes(2);
    return name;
}

TEST(CurlProxy, SocksProxiesResolveTheName) {
    for (const char* scheme : {"socks5", "socks5h"}) {
        ScriptedServer proxy([](Connection& connection) {
            connection.note(socks_request(connection));
            connection.send(std::string("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50", 10));
            connection.read_head();
            connection.answer(200, "by socks");
        });
        Recorder recorder;
        through(cat(scheme, "://127.0.0.1:", proxy.port()), "http://mirror.test/", recorder);
        EXPECT_EQ(recorder.body, "by socks") << scheme;
        EXPECT_THAT(proxy.notes(), testing::ElementsAre("mirror.test"));
    }
}

TEST(CurlProxy, ASocksProxyThatCannotReachTheServerIsNotToBlame) {
    for (auto [reply, code] : {std::pair{'\x04', ErrorCode::network}, {'\x02', ErrorCode::proxy}}) {
        ScriptedServer proxy([reply = reply](Connection& connection) {
            socks_request(connection);
            connection.send(std::string("\x05", 1) + reply +
                            std::string("\x00\x01\x00\x00\x00\x00\x00\x00", 8));
        });
        Recorder recorder;
        auto response = through(cat("socks5://127.0.0.1:", proxy.port()), "http://mirror.test/", recorder);
        ASSERT_TRUE(response.error);
        EXPECT_EQ(response.error->code, code) << response.error->message;
    }
}

}  // namespace
}  // namespace mirrorctl::net::curl_proxy_test
