#include "sync/tag_pattern.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace mirrorctl::sync::tag_pattern_test {
namespace {

bool match(std::string_view pattern, std::string_view tag) {
    auto parsed = TagPattern::parse(pattern);
    EXPECT_TRUE(parsed) << pattern << ": " << (parsed ? "" : to_string(parsed.error()));
    return parsed && parsed->matches(tag);
}

TEST(TagPattern, SearchesAnywhere) {
    EXPECT_TRUE(match("v1.0", "xxv1x0yy"));
    EXPECT_TRUE(match("a+", "caaat"));
    EXPECT_FALSE(match("a+", "dog"));
    EXPECT_TRUE(match("", ""));
    EXPECT_FALSE(match("^v1\\.0$", "v1x0"));
    EXPECT_FALSE(match("^v1", "xv1"));
    EXPECT_FALSE(match("v1$", "v1x"));
}

TEST(TagPattern, ClassesAndGroups) {
    EXPECT_TRUE(match(R"(^v?\d+\.\d+(\.\d+)?$)", "v1.27.3"));
    EXPECT_FALSE(match(R"(^v?\d+\.\d+(\.\d+)?$)", "v1.27.3-alpine"));
    EXPECT_TRUE(match("^(?:a|b|cd)$", "cd"));
    EXPECT_FALSE(match("^(a|b)$", "ab"));
    EXPECT_TRUE(match("^[^0-9]+$", "abc"));
    EXPECT_FALSE(match("^[^0-9]+$", "ab1"));
    EXPECT_TRUE(match("^[]a-]+$", "a-]"));
    EXPECT_TRUE(match(R"(^[\w.-]+$)", "1.2_x-y"));
    EXPECT_TRUE(match("^[[:alpha:][:digit:]]+$", "ab12"));
    EXPECT_TRUE(match("(?P<major>1)", "21"));
    EXPECT_TRUE(match("(?i)^RC", "rc1"));
    EXPECT_TRUE(match("^(?i:a)b$", "Ab"));
    EXPECT_FALSE(match("^(?i:a)b$", "AB"));
    EXPECT_TRUE(match(R"(\bbeta\b)", "1-beta-2"));
    EXPECT_FALSE(match(R"(\bbeta\b)", "1-betas"));
    EXPECT_TRUE(match(R"(a\Bb)", "ab"));
}

TEST(TagPattern, Repetitions) {
    EXPECT_TRUE(match("^a{2,3}$", "aaa"));
    EXPECT_FALSE(match("^a{2,3}$", "aaaa"));
    EXPECT_TRUE(match("^a{2}b{1,}$", "aabbb"));
    EXPECT_TRUE(match("^a*?b??$", "aab"));
    EXPECT_TRUE(match("^(a*)*$", "aaa"));
    EXPECT_TRUE(match("^(|a)+$", "aa"));
    EXPECT_TRUE(match("^x{,2}$", "x{,2}"));
    EXPECT_FALSE(match("^(ab){2}$", "ab"));
}

TEST(TagPattern, MistakesAreNamed) {
    for (const char* pattern : {"v(1", "v1)", "[a", "*a", "a**", "a{3,2}", "a{1001}", "(?=a)", "(?<!a)",
                                "\\1", "\\q", "[z-a]", "[[:nope:]]", "a\\", "(a{1000}){1000}"}) {
        auto parsed = TagPattern::parse(pattern);
        ASSERT_FALSE(parsed) << pattern;
        EXPECT_EQ(parsed.error().code, ErrorCode::parse);
        EXPECT_NE(parsed.error().message.find("bad regular expression"), std::string::npos) << pattern;
    }
    EXPECT_FALSE(TagPattern::parse(std::string(60, '(')));
}

// What makes other engines take an age, and what a registry may answer, end at once.
TEST(TagPattern, TimeIsLinear) {
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(match("^(a+)+$", std::string(128, 'a') + "!"));
    EXPECT_FALSE(match("^(a|aa|b*)*c$", std::string(20000, 'a')));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace mirrorctl::sync::tag_pattern_test
