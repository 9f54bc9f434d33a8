#include "base/strings.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace mirrorctl::strings_test {
namespace {

using Strings = std::vector<std::string>;

TEST(Strings, CatSplitJoinTrim) {
    EXPECT_EQ(cat("a", 1, 'c', std::string("d"), -5L, std::string_view("e")), "a1cd-5e");
    EXPECT_EQ(split("a,,b,", ','), (Strings{"a", "", "b", ""}));
    EXPECT_EQ(split("", ','), Strings{""});
    EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
    EXPECT_EQ(join({}, ","), "");
    EXPECT_EQ(trim(" \t\r\nx y\n"), "x y");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(lower("AbÉ1"), "abÉ1");
    EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
    EXPECT_EQ(replace_all("abc", "x", "y"), "abc");
}

TEST(Strings, PrintableKeepsTerminalsSafe) {
    struct Case {
        std::string text, safe;
    };
    const std::vector<Case> cases = {
        {"plain é 镜像 \xF0\x9F\x90\xB3\t\n", "plain é 镜像 \xF0\x9F\x90\xB3\t\n"},
        {"\x1B[31mred\x1B]0;title\x07", "?[31mred?]0;title?"},
        {"a\rb\x7F\x08", "a?b??"},
        {"\xC2\x9B"
         "2J",
         "?2J"},  // C1: CSI in one character
        {"\xE2\x80\xAE"
         "abc",
         "?abc"},               // right-to-left override
        {"\xE2\x80\xA8", "?"},  // line separator
        {"bad \xFF\xC3", "bad ??"},
        {"\xC0\xAF", "??"},       // overlong
        {"\xED\xA0\x80", "???"},  // surrogate
        {std::string("\0", 1), "?"},
    };
    for (const auto& c : cases) EXPECT_EQ(printable(c.text), c.safe);
}

TEST(Strings, PrintableLineIsOneBoundedLine) {
    EXPECT_EQ(printable_line(" a\nb\tc\x1B "), "a b c?");
    EXPECT_EQ(printable_line("abcdef", 3), "abc...");
    EXPECT_EQ(printable_line("abc", 3), "abc");
    EXPECT_EQ(printable_line("aé", 2), "a...");  // never half a character
    EXPECT_EQ(printable_line(std::string(1000000, 'x'), 10), "xxxxxxxxxx...");
    std::mt19937 random(5);
    for (int round = 0; round < 500; ++round) {
        std::string bytes;
        for (auto n = random() % 60; n > 0; --n)
            bytes += static_cast<char>(static_cast<unsigned char>(random() % 256));
        auto line = printable_line(bytes, 20);
        EXPECT_LE(line.size(), 23U);
        EXPECT_EQ(printable(line), line);
        EXPECT_EQ(line.find_first_of("\n\t"), std::string::npos);
    }
}

TEST(Strings, Utf8Length) {
    std::uint32_t code = 0;
    EXPECT_EQ(utf8_length("", &code), 0U);
    EXPECT_EQ(utf8_length("\xE9\x95\x9Cx", &code), 3U);
    EXPECT_EQ(code, 0x955CU);
    EXPECT_EQ(utf8_length("\xE9\x95", &code), 0U);
    EXPECT_EQ(utf8_length("\x80", &code), 0U);
}

TEST(Strings, Integers) {
    EXPECT_EQ(parse_integer("0"), 0);
    EXPECT_EQ(parse_integer("-12"), -12);
    EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807LL);
    for (std::string text : {"", "9223372036854775808", "1 ", " 1", "+1", "0x1", "1.0", "a"})
        EXPECT_EQ(parse_integer(text), std::nullopt) << text;
}

TEST(Strings, Durations) {
    const std::vector<std::pair<std::string, double>> good = {{"10s", 10},    {"250ms", 0.25}, {"15m", 900},
                                                              {"24h", 86400}, {"7d", 604800},  {"0s", 0},
                                                              {"1.5h", 5400}, {"10 s", 10}};
    for (const auto& [text, seconds] : good) {
        ASSERT_TRUE(parse_duration(text).has_value()) << text;
        EXPECT_DOUBLE_EQ(*parse_duration(text), seconds) << text;
    }
    for (std::string text :
         {"", "10", "s", "-1s", "1w", "1s2", "infs", "nans", "1e999s", "1 0s", "10S", "1e308d", "367d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    EXPECT_EQ(parse_duration("366d"), kLongestDuration);
    const std::vector<std::pair<double, std::string>> shown = {
        {0, "0 ms"},         {0.0421, "42 ms"},      {0.42, "0.42 s"},
        {3.14159, "3.14 s"}, {31.06, "31.1 s"},      {125, "2 m 5 s"},
        {180, "3 m"},        {86400, "24 h"},        {5400, "1 h 30 m"},
        {604800, "7 d"},     {1e300, "1.16e+295 d"}, {std::numeric_limits<double>::infinity(), "inf d"}};
    for (const auto& [seconds, text] : shown) EXPECT_EQ(format_duration(seconds), text);
}

TEST(Strings, Bytes) {
    const std::vector<std::pair<std::string, std::int64_t>> good = {{"1000", 1000},       {"1B", 1},
                                                                    {"512KiB", 524288},   {"48MiB", 50331648},
                                                                    {"1GiB", 1073741824}, {"0.5MiB", 524288}};
    for (const auto& [text, bytes] : good) EXPECT_EQ(parse_bytes(text), bytes) << text;
    for (std::string text : {"", "-1", "1kb", "1MB", "MiB", "1e300", "1MiB2", "nan"})
        EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
    EXPECT_EQ(format_bytes(0), "0 B");
    EXPECT_EQ(format_bytes(1536), "1.5 KiB");
    EXPECT_EQ(format_bytes(2.5 * 1048576), "2.5 MiB");
    EXPECT_EQ(format_bytes(3e9), "2.8 GiB");
}

TEST(Strings, Nearest) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("same", "same"), 0U);
    const Strings kCommands = {"apply", "bench", "plan", "status", "rollback"};
    EXPECT_EQ(nearest("aply", kCommands), "apply");
    EXPECT_EQ(nearest("statsu", kCommands), "status");
    EXPECT_EQ(nearest("rolback", kCommands), "rollback");
    EXPECT_EQ(nearest("zzzzzz", kCommands), std::nullopt);
    EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Strings, Base64) {
    // RFC 4648 section 10
    const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded), plain);
    }
    EXPECT_EQ(base64_decode("Zm 9v"), std::nullopt);
    EXPECT_EQ(base64_decode("Zm-v"), std::nullopt);
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(static_cast<unsigned char>(i));
    EXPECT_EQ(base64_decode(base64_encode(all)), all);
}

}  // namespace
}  // namespace mirrorctl::strings_test
