#include "text/quote.hpp"

#include "text/toml_doc.hpp"
#include "unit/text/laws.hpp"

namespace mirrorctl::text::quote_test {
namespace {

TEST(Quote, EachGrammarInItsOwnWay) {
    const std::string value = "A=h\"p\\%40$x`y`'z é";
    EXPECT_EQ(*quote_unit_word(value), R"("A=h\"p\\%%40$x`y`'z é")");
    EXPECT_EQ(*quote_env_file(value), R"("A=h\"p\\%40\$x\`y\`'z é")");
    EXPECT_EQ(*quote_shell(value), R"('A=h"p\%40$x`y`'\''z é')");
    EXPECT_EQ(*quote_toml(value), R"("A=h\"p\\%40$x`y`'z é")");
    EXPECT_EQ(*quote_toml("a\tb"), R"("a\tb")");
    EXPECT_EQ(*quote_html("<b a='1' c=\"2\">&amp; é"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp; é");
}

TEST(Quote, RefusesWhatOneLineCannotHold) {
    for (auto quote : {quote_unit_word, quote_env_file, quote_shell, quote_toml, quote_html})
        for (std::string value : {std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3),
                                  std::string("\x1B[31m"), std::string("\x7F"), std::string("\xFF")}) {
            auto result = quote(value);
            ASSERT_FALSE(result.has_value());
            EXPECT_EQ(result.error().code, ErrorCode::usage);
            EXPECT_EQ(result.error().message.find(value), std::string::npos);  // it may be a secret
        }
}

TEST(Quote, WhatIsQuotedComesBack) {
    Random random(13);
    for (int round = 0; round < 3000; ++round) {
        auto value = random.awkward(8);
        ASSERT_EQ(*split_unit_words(*quote_unit_word(value)), std::vector<std::string>{value});
        ASSERT_EQ(*unquote_env_file(*quote_env_file(value)), value);
        ASSERT_EQ(*unquote_shell(*quote_shell(value)), value);
        ASSERT_EQ(*unquote_toml(*quote_toml(value)), value);
        auto doc = TomlDoc::parse("k = " + *quote_toml(value));  // toml++ agrees
        ASSERT_TRUE(doc.has_value());
        ASSERT_EQ(**doc->string_at({"k"}), value);
    }
}

TEST(Quote, SplitsUnitWordsAsSystemdDoes) {
    struct Case {
        std::string text;
        std::vector<std::string> words;
    };
    const std::vector<Case> cases = {
        {"", {}},
        {"  A=1\tB=2 ", {"A=1", "B=2"}},
        {R"("A=x y" 'B=it"s' C=p"q r"s)", {"A=x y", "B=it\"s", "C=pq rs"}},
        {R"(A=\x41\101\u00e9\U0001f433\s\t\\\")", {"A=AA\xC3\xA9\xF0\x9F\x90\xB3 \t\\\""}},
        {R"("A=%%40%")", {"A=%40%"}},
        {"A=$HOME#x;y", {"A=$HOME#x;y"}},
        {"\"\"", {""}},
    };
    for (const auto& c : cases) EXPECT_EQ(*split_unit_words(c.text), c.words) << c.text;
    for (std::string text :
         {"\"A=1", "'A", "A=\\", "A=\\q", "A=\\x4", "A=\\xZZ", "A=\\ud800", "A=\\000", "A=\\400"})
        EXPECT_EQ(split_unit_words(text).error().code, ErrorCode::parse) << text;
    for (std::string text : {"A=%h", "A=%40", "\"A=p%2Fq\""})
        EXPECT_EQ(split_unit_words(text).error().code, ErrorCode::unsupported_layout) << text;
}

TEST(Quote, UnquotesForeignSpellings) {
    EXPECT_EQ(*unquote_toml("'C:\\x'"), "C:\\x");
    EXPECT_EQ(*unquote_toml(R"("\u00e9\U0001F433\b\f\r\n")"), "é\xF0\x9F\x90\xB3\b\f\r\n");
    for (std::string text : {"", "\"", "x", "'a'b'", "\"a\"b\"", "\"\\q\"", "\"\\/\"", "\"\\u12\"",
                             "\"\\ud800\"", "\"\\U00110000\"", "\"a\nb\"", "\"a\\\"", "'a\""})
        EXPECT_EQ(unquote_toml(text).error().code, ErrorCode::parse) << text;
    EXPECT_EQ(*unquote_shell("a\"b c\"'d'\\ e"), "ab cd e");
    EXPECT_EQ(unquote_shell("'a").error().code, ErrorCode::parse);
    EXPECT_EQ(unquote_shell("a b").error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(unquote_shell("$a").error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(*unquote_env_file(" plain # x "), "plain # x");
    EXPECT_EQ(unquote_env_file("a\nB=1").error().code, ErrorCode::parse);
    EXPECT_EQ(unquote_env_file("\"a").error().code, ErrorCode::parse);
}

}  // namespace
}  // namespace mirrorctl::text::quote_test
