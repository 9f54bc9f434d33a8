#include "base/strings.hpp"
#include "text/json_doc.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::text::json_parse_test {
namespace {

TEST(JsonParse, RefusesWithThePlace) {
    struct Case {
        std::string text;
        int line, column;
        std::string why;
    };
    const std::vector<Case> cases = {
        {"{", 1, 2, "the text ends where a key in double quotes should be"},
        {"{\n  \"a\": 1,\n}", 2, 9, "a comma before '}' is not allowed"},
        {"[1,]", 1, 3, "a comma before ']' is not allowed"},
        {"{\"a\": 1} {\"b\": 2}", 1, 10, "more text after the end"},
        {"{\"a\": 1}\nx", 2, 1, "more text after the end"},
        {"// hello\n{}", 1, 1, "comments are not allowed"},
        {"{\n  # hello\n}", 2, 3, "comments are not allowed"},
        {"{\"a\": 1 /* x */}", 1, 9, "comments are not allowed"},
        {"{\"a\": // x\n1}", 1, 7, "comments are not allowed"},
        {"{} // end", 1, 4, "comments are not allowed"},
        {"{\"a\": NaN}", 1, 7, "expected a value"},
        {"{\"a\": -Infinity}", 1, 7, "expected a value"},
        {"{\"a\": 01}", 1, 8, "something unexpected behind it"},
        {"{\"a\": +1}", 1, 7, "expected a value"},
        {"{\"a\": .5}", 1, 7, "expected a value"},
        {"{\"a\": 1.}", 1, 9, "expected a digit"},
        {"{\"a\": 1e}", 1, 9, "expected a digit"},
        {"{\"a\": 0x1}", 1, 8, "something unexpected behind it"},
        {"{\"a\": truely}", 1, 11, "something unexpected behind it"},
        {"{\"a\": True}", 1, 7, "expected a value"},
        {"{'a': 1}", 1, 2, "expected a key in double quotes"},
        {"{a: 1}", 1, 2, "expected a key in double quotes"},
        {"{\"a\" 1}", 1, 6, "expected ':'"},
        {"{\"a\": 1 \"b\": 2}", 1, 9, "expected ',' or '}'"},
        {"[1 2]", 1, 4, "expected ',' or ']'"},
        {"{\"a\": \"x", 1, 7, "without closing quote"},
        {"{\"a\": \"x\ny\"}", 1, 9, "a line end or control character"},
        {"{\"a\": \"\x01\"}", 1, 8, "a line end or control character"},
        {R"({"a": "\q"})", 1, 8, "an unknown escape"},
        {R"({"a": "\u12g4"})", 1, 12, "four hexadecimal digits"},
        {R"({"a": "\ud83d"})", 1, 8, "half of a surrogate pair"},
        {R"({"a": "\udc33"})", 1, 8, "half of a surrogate pair"},
        {R"({"a": "\ud83d\u0041"})", 1, 8, "half of a surrogate pair"},
        {"{\"a\": \"\xFF\"}", 1, 8, "not valid UTF-8"},
        {"{\"é\": \"\xC3\"}", 1, 8, "not valid UTF-8"},
        {"{\"a\":\n  \"b\" \xEF\xBB\xBF}", 2, 7, "expected ',' or '}'"},
        {"\xEF\xBB\xBF\xEF\xBB\xBF{}", 1, 1, "expected a value"},
        {std::string("{\"a\": 1}\0", 9), 1, 9, "more text after the end"},
        {"]", 1, 1, "expected a value"},
        {"{,}", 1, 2, "expected a key"},
        {"{\"a\":}", 1, 6, "expected a value"},
    };
    for (const auto& c : cases) {
        auto doc = JsonDoc::parse(c.text);
        ASSERT_FALSE(doc.has_value()) << c.text;
        EXPECT_EQ(doc.error().code, ErrorCode::parse) << c.text;
        ASSERT_TRUE(doc.error().location.has_value()) << c.text;
        EXPECT_EQ(doc.error().location->line, c.line) << c.text << " " << doc.error().message;
        EXPECT_EQ(doc.error().location->column, c.column) << c.text << " " << doc.error().message;
        EXPECT_NE(doc.error().message.find(c.why), std::string::npos)
            << c.text << ": " << doc.error().message;
    }
}

TEST(JsonParse, NamesBothPlacesOfADuplicateKey) {
    auto doc = JsonDoc::parse("{\n  \"debug\": true,\n  \"x\": {},\n  \"de\\u0062ug\": false\n}");
    ASSERT_FALSE(doc.has_value());
    EXPECT_EQ(doc.error().code, ErrorCode::duplicate_key);
    EXPECT_EQ(doc.error().message, "duplicate key: \"debug\": it stands in lines 2 and 4");
    EXPECT_EQ(doc.error().location->line, 4);
    EXPECT_EQ(doc.error().location->column, 3);
    EXPECT_EQ(JsonDoc::parse(R"({"a": {"b": [{"c": 1, "c": 1}]}})").error().code, ErrorCode::duplicate_key);
    EXPECT_TRUE(JsonDoc::parse(R"({"a": {"c": 1}, "b": {"c": 1}})").has_value());
}

TEST(JsonParse, AcceptsWhatTheStandardAllows) {
    for (std::string text : {"{}", "[]", "null", "-0", "0.5e+10", "1E400", "[[[]]]", "\xEF\xBB\xBF{}",
                             " \t\r\n{}\r\n ", "\"x\"", "true", R"({"": 0, " ": 1})",
                             R"(["\"\\\/\b\f\n\r\t\u0041\ud83d\udc33"])", "123456789012345678901234567890"})
        EXPECT_TRUE(JsonDoc::parse(text).has_value()) << text;
}

TEST(JsonParse, DecodesStrings) {
    auto doc = JsonDoc::parse(R"({"a": "\u00e9\ud83d\udc33\/\t\u0000|"})");
    ASSERT_TRUE(doc.has_value());
    EXPECT_EQ(**doc->string_at({"a"}), std::string("é\xF0\x9F\x90\xB3/\t\0|", 10));
}

TEST(JsonParse, BoundsTheDepth) {
    auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_TRUE(JsonDoc::parse(nested(200)).has_value());
    auto deep = JsonDoc::parse(nested(100000));
    ASSERT_FALSE(deep.has_value());
    EXPECT_NE(deep.error().message.find("deeper than 200"), std::string::npos);
    std::string objects;
    for (int i = 0; i < 5000; ++i) objects += "{\"a\":";
    EXPECT_FALSE(JsonDoc::parse(objects).has_value());
}

TEST(JsonParse, ManyKeysAreNotQuadratic) {
    std::string text = "{";
    for (int i = 0; i < 50000; ++i) text += cat(i > 0 ? "," : "", "\"key", i, "\":1");
    auto doc = JsonDoc::parse(text + "}");
    ASSERT_TRUE(doc.has_value());
    EXPECT_EQ(doc->keys_of({})->size(), 50000U);
}

TEST(JsonParse, QuotesStrings) {
    EXPECT_EQ(*quote_json("a/b\"\\\n\t\x7F é"), R"("a/b\"\\\u000a\u0009\u007f é")");
    EXPECT_EQ(quote_json("\xFF").error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mirrorctl::text::json_parse_test
