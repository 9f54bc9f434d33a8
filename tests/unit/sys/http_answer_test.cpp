#include "sys/http_answer.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sys::http_answer_test {
namespace {

struct Case {
    const char* received;
    bool closed;
    const char* want;  // "status body", "more" or "error"
};

std::string outcome(std::string_view received, bool closed) {
    auto answer = parse_http_answer(received, closed);
    if (!answer) return "error";
    if (!*answer) return "more";
    return std::to_string((*answer)->status) + " " + (*answer)->body;
}

const Case kCases[] = {
    {"", false, "more"},
    {"", true, "error"},
    {"HTTP/1.1 200 OK\r\n", false, "more"},
    {"HTTP/1.1 200 OK\r\n", true, "error"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, "200 ab"},
    {"HTTP/1.1 200 OK\r\ncontent-length:2 \r\n\r\na", false, "more"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", true, "error"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\na", true, "error"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", true, "200 ab"},
    {"HTTP/1.0 200 OK\r\n\r\nabc", false, "more"},
    {"HTTP/1.0 200 OK\r\n\r\nabc", true, "200 abc"},
    {"HTTP/1.1 204 No\r\n\r\n", false, "204 "},
    {"HTTP/1.1 100 Continue\r\n\r\n", false, "more"},
    {"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, "200 x"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, "more"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", false,
     "200 0123456789"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", false, "more"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", true, "error"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd", false, "error"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", false, "error"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n", false, "error"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", false, "error"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", false, "more"},
    {"SSH-2.0-x\r\n\r\n", true, "error"},
    {"HTTP/1.1 abc\r\n\r\n", true, "error"},
    {"HTTP/1.1 \r\n\r\n", true, "error"}};

TEST(HttpAnswer, Outcome) {
    for (const auto& c : kCases) {
        EXPECT_EQ(outcome(c.received, c.closed), c.want) << c.received;
    }
}

TEST(HttpAnswer, EveryPrefixIsIncompleteNotBroken) {
    std::string_view whole =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;e=f\r\nd\r\n0\r\n\r\n";
    auto end = whole.size() - 2;  // the trailers end two bytes later, but say nothing
    for (std::size_t size = 0; size < end; ++size)
        EXPECT_EQ(outcome(whole.substr(0, size), false), "more") << size;
    EXPECT_EQ(outcome(whole, false), "200 abcd");
}

TEST(HttpAnswer, HeadersAndChunkSizesMustEnd) {
    EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n" + std::string(70'000, 'h'), false), "error");
    EXPECT_EQ(
        outcome("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(2000, '1'), false),
        "error");
}

}  // namespace
}  // namespace mirrorctl::sys::http_answer_test
