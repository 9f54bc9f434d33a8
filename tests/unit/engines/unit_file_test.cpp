#include "engines/unit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::engines::unit_file_test {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(UnitText, JoinsContinuationsAndSkipsComments) {
    auto lines = parse_unit_text(
        "# a comment\n[Service]\nExecStart=/usr/bin/dockerd \\\n# inside\n   -H fd:// \\\n   --debug\n; "
        "other\nKillMode = process \r\n"
        "no assignment\n");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].section, "Service");
    EXPECT_EQ(lines[0].key, "ExecStart");
    EXPECT_EQ(lines[0].value, "/usr/bin/dockerd -H fd:// --debug");
    EXPECT_EQ(lines[1].key, "KillMode");
    EXPECT_EQ(lines[1].value, "process");
}

TEST(UnitText, IgnoresWhatStandsBeforeASection) {
    EXPECT_TRUE(parse_unit_text("ExecStart=/bin/a\n").empty());
    EXPECT_TRUE(parse_unit_text("").empty());
    EXPECT_EQ(parse_unit_text("[Unit]\nRequires=a.service \\").at(0).value, "a.service");
}

TEST(Words, FollowSystemdQuoting) {
    struct Case {
        const char* text;
        std::vector<std::string> words;
    };
    const Case cases[] = {
        {"", {}},
        {"  a\tb ", {"a", "b"}},
        {R"("a b" 'c d')", {"a b", "c d"}},
        {R"(--label="x y"z)", {"--label=x yz"}},
        {R"("" x)", {"", "x"}},
        {R"(a\x20b c\sd \"e)", {"a b", "c d", "\"e"}},
        {R"("it's" 'say "x"')", {"it's", "say \"x\""}},
        {R"(end\)", {"end\\"}},
    };
    for (const auto& c : cases) EXPECT_EQ(split_words(c.text), c.words) << c.text;
}

TEST(EnvironmentFile, KnowsQuotesCommentsAndBlanks) {
    auto variables = parse_environment_file(
        "# DOCKER_OPTS=\"commented\"\n;x=1\nDOCKER_OPTS=\"--dns 8.8.8.8 --mtu=1400\"\n A = plain text  "
        "\nB='single $x \\n'\nnot an assignment\n"
        "C=\"esc \\\" \\$ \\q\"\nD=two\\\nlines\nE=\n");
    EXPECT_THAT(variables, ElementsAre(Pair("DOCKER_OPTS", "--dns 8.8.8.8 --mtu=1400"),
                                       Pair("A", "plain text"), Pair("B", "single $x \\n"),
                                       Pair("C", "esc \" $ \\q"), Pair("D", "twolines"), Pair("E", "")));
}

}  // namespace
}  // namespace mirrorctl::engines::unit_file_test
