#include "text/lines.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::text::lines_test {
namespace {

TEST(Lines, LocationCountsLinesAndCodePoints) {
    struct Case {
        std::string text;
        std::size_t offset;
        int line, column;
    };
    const std::vector<Case> cases = {
        {"", 0, 1, 1},
        {"abc", 2, 1, 3},
        {"a\nb", 2, 2, 1},
        {"a\r\nb", 3, 2, 1},
        {"é=1", 2, 1, 2},
        {"镜像x", 6, 1, 3},
        {"\xEF\xBB\xBF{", 3, 1, 1},
        {"\xEF\xBB\xBF{\nx", 5, 2, 1},
        {"abc", 99, 1, 4},
        {"a\n", 2, 2, 1},
        {"\n\n\n", 3, 4, 1},
        {"\xF0\x9F\x90\xB3x", 4, 1, 2},
        {"\xEF\xBB\xBF{", 0, 1, 1},
    };
    for (const auto& c : cases) {
        auto location = location_of(c.text, c.offset);
        EXPECT_EQ(location.line, c.line) << c.text;
        EXPECT_EQ(location.column, c.column) << c.text;
    }
}

TEST(Lines, ErrorsCarryFileLineAndColumn) {
    auto error = in_file(error_at(ErrorCode::parse, "bad", "a\nbc", 3), "/etc/x");
    EXPECT_EQ(to_string(error), "/etc/x:2:2: bad");
    EXPECT_EQ(to_string(in_file(Error{.code = ErrorCode::parse, .message = "bad"}, "/etc/x")), "/etc/x: bad");
}

TEST(Lines, NewlineIsThatOfTheMajority) {
    EXPECT_EQ(newline_of(""), "\n");
    EXPECT_EQ(newline_of("a"), "\n");
    EXPECT_EQ(newline_of("a\nb\r\n"), "\n");
    EXPECT_EQ(newline_of("a\r\nb\r\nc\n"), "\r\n");
    EXPECT_EQ(newline_of("\r\n"), "\r\n");
    EXPECT_EQ(with_newlines_of("x\ny\n", "a\r\n"), "x\r\ny\r\n");
    EXPECT_EQ(with_newlines_of("x\ny\n", "a\n"), "x\ny\n");
}

TEST(Lines, ShapeOfATextIsSeen) {
    EXPECT_TRUE(has_bom("\xEF\xBB\xBFx"));
    EXPECT_FALSE(has_bom("\xEF\xBBx"));
    EXPECT_TRUE(has_final_newline("a\r\n"));
    EXPECT_FALSE(has_final_newline(""));
    EXPECT_TRUE(is_blank("\xEF\xBB\xBF \t\r\n"));
    EXPECT_TRUE(is_blank(""));
    EXPECT_FALSE(is_blank(" x "));
}

TEST(Lines, BoundsOfALine) {
    const std::string text =
        "\xEF\xBB\xBF"
        "ab\n  cd\r\n";
    EXPECT_EQ(line_begin(text, 4), 3U);
    EXPECT_EQ(line_end(text, 4), 6U);
    EXPECT_EQ(line_begin(text, 9), 6U);
    EXPECT_EQ(line_end(text, 9), text.size());
    EXPECT_EQ(indent_at(text, 9), "  ");
    EXPECT_EQ(line_begin(text, text.size()), text.size());
    EXPECT_EQ(line_end(text, text.size()), text.size());
    EXPECT_EQ(indent_at("   ", 0), "   ");
}

TEST(Lines, InvalidUtf8IsFound) {
    const std::vector<std::pair<std::string, std::size_t>> cases = {{"plain é 镜", std::string::npos},
                                                                    {"ab\xFF", 2},
                                                                    {"\xC0\x80", 0},
                                                                    {"a\xE9", 1},
                                                                    {"\xED\xA0\x80", 0},
                                                                    {"\xF4\x90\x80\x80", 0},
                                                                    {"ok\xE4\xB8", 2},
                                                                    {"", std::string::npos}};
    for (const auto& [text, at] : cases) EXPECT_EQ(find_invalid_utf8(text), at) << text;
}

TEST(Lines, IndentationOfJson) {
    struct Case {
        std::string text;
        bool single_line;
        std::string unit;
    };
    const std::vector<Case> cases = {
        {"", false, "    "},
        {"{}", true, "    "},
        {"{\"a\": 1}\n", true, "    "},
        {"{\n  \"a\": 1\n}", false, "  "},
        {"{\r\n\t\"a\": {\r\n\t\t\"b\": 1\r\n\t}\r\n}", false, "\t"},
        {"{\n   \"a\": 1\n}", false, "   "},
        {"{\n\"a\": {\n \"b\": 1\n}\n}", false, " "},
        {"  {\n     \"a\": 1\n  }", false, "   "},
        {"\xEF\xBB\xBF{\n  \"a\": 1\n}", false, "  "},
        {"{\n\t\t\"a\": 1\n}", false, "\t"},
    };
    for (const auto& c : cases) {
        auto found = indentation_of(c.text);
        EXPECT_EQ(found.single_line, c.single_line) << c.text;
        EXPECT_EQ(found.unit, c.unit) << c.text;
    }
}

}  // namespace
}  // namespace mirrorctl::text::lines_test
