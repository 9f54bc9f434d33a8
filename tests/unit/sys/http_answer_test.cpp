#include "sys/http_answer.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::sys {
namespace {

struct Case {
    const char* received;
    bool closed;
    const char* want;  // "status body", "more" or "error"
};

class HttpAnswerTest : public testing::TestWithParam<Case> {};

std::string outcome(std::string_view received, bool closed) {
    auto answer = parse_http_answer(received, closed);
    if (!answer) return "error";
    if (!*answer) return "more";
    return std::to_string((*answer)->status) + " " + (*answer)->body;
}

TEST_P(HttpAnswerTest, Outcome) {
    EXPECT_EQ(outcome(GetParam().received, GetParam().closed), GetParam().want) << GetParam().received;
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpAnswerTest,
    testing::Values(
        Case{"", false, "more"}, Case{"", true, "error"}, Case{"HTTP/1.1 200 OK\r\n", false, "more"},
        Case{"HTTP/1.1 200 OK\r\n", true, "error"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, "200 ab"},
        Case{"HTTP/1.1 200 OK\r\ncontent-length:2 \r\n\r\na", false, "more"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", true, "error"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\na", true, "error"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", true, "200 ab"},
        Case{"HTTP/1.0 200 OK\r\n\r\nabc", false, "more"},
        Case{"HTTP/1.0 200 OK\r\n\r\nabc", true, "200 abc"}, Case{"HTTP/1.1 204 No\r\n\r\n", false, "204 "},
        Case{"HTTP/1.1 100 Continue\r\n\r\n", false, "more"},
        Case{"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, "200 x"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, "more"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", false,
             "200 0123456789"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", false, "more"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", true, "error"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd", false, "error"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", false, "error"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n", false, "error"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", false, "error"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", false, "more"},
        Case{"SSH-2.0-x\r\n\r\n", true, "error"}, Case{"HTTP/1.1 abc\r\n\r\n", true, "error"},
        Case{"HTTP/1.1 \r\n\r\n", true, "error"}));

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
}  // namespace mirrorctl::sys
