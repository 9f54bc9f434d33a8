#include "text/json_doc.hpp"

#include "unit/text/laws.hpp"

namespace mirrorctl::text::json_doc_test {
namespace {

JsonDoc parsed(std::string_view text) {
    auto doc = JsonDoc::parse(text);
    EXPECT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << text;
    return doc.value_or(JsonDoc{});
}

TEST(JsonDoc, ReadsValues) {
    auto doc = parsed(
        R"({"s": "x", "l": ["a", "b"], "e": [], "n": 1, "z": null, "t": true, "o": {"in.ner": {"k": "v"}}, "m": ["a", 1]})");
    EXPECT_EQ(**doc.string_at({"s"}), "x");
    EXPECT_EQ(**doc.string_at({"o", "in.ner", "k"}), "v");
    EXPECT_EQ(**doc.strings_at({"l"}), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE((*doc.strings_at({"e"}))->empty());
    EXPECT_TRUE(**doc.bool_at({"t"}));
    EXPECT_FALSE(doc.string_at({"absent"})->has_value());
    EXPECT_FALSE(doc.strings_at({"o", "absent", "deeper"})->has_value());
    EXPECT_EQ(*doc.keys_of({"o"}), std::vector<std::string>{"in.ner"});
    EXPECT_TRUE(doc.keys_of({"absent"})->empty());
    EXPECT_EQ(doc.kind_at({"z"}), JsonKind::null);
    EXPECT_EQ(doc.kind_at({"absent"}), std::nullopt);
    EXPECT_TRUE(doc.has({"o", "in.ner"}));
    EXPECT_EQ(doc.string_at({"n"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(doc.string_at({"z"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(doc.strings_at({"m"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(doc.strings_at({"s"}).error().message, "cannot use s: it is a string, not a list of strings");
    EXPECT_EQ(doc.string_at({"s", "below"}).error().message, "cannot use s: it is a string, not an object");
    EXPECT_EQ(doc.keys_of({"l"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(doc.bool_at({"s"}).error().location->column, 7);
    EXPECT_EQ(parsed("[]").string_at({"a"}).error().message,
              "cannot use (top level): it is a list, not an object");
}

struct Case {
    std::string before;
    std::string after;
};

const Path kMirrors = {"registry-mirrors"};
const std::vector<std::string> kOne = {"https://one"};
const std::vector<std::string> kTwo = {"https://one", "https://two"};

TEST(JsonDoc, SetStringsMatchesTheLayout) {
    const std::string kPretty =
        "{\n    \"registry-mirrors\": [\n        \"https://one\",\n        \"https://two\"\n    ]\n}";
    const std::vector<Case> cases = {
        // documents without content
        {"", kPretty + "\n"},
        {"\n", kPretty + "\n"},
        {"{}", kPretty},
        {"{}\n", kPretty + "\n"},
        {"{ \n }\n", kPretty + "\n"},
        {"\xEF\xBB\xBF", "\xEF\xBB\xBF" + kPretty + "\n"},
        {"\r\n",
         "{\r\n    \"registry-mirrors\": [\r\n        \"https://one\",\r\n        \"https://two\"\r\n    "
         "]\r\n}\r\n"},
        // blanks, tabs, CRLF, byte order mark, no final newline
        {"{\n  \"debug\": true\n}\n",
         "{\n  \"debug\": true,\n  \"registry-mirrors\": [\n    \"https://one\",\n    \"https://two\"\n  "
         "]\n}\n"},
        {"{\n\t\"debug\": true\n}",
         "{\n\t\"debug\": true,\n\t\"registry-mirrors\": "
         "[\n\t\t\"https://one\",\n\t\t\"https://two\"\n\t]\n}"},
        {"\xEF\xBB\xBF{\r\n  \"debug\": true\r\n}\r\n",
         "\xEF\xBB\xBF{\r\n  \"debug\": true,\r\n  \"registry-mirrors\": [\r\n    \"https://one\",\r\n    "
         "\"https://two\"\r\n  ]\r\n}\r\n"},
        // one line
        {"{\"debug\":true}", "{\"debug\":true, \"registry-mirrors\":[\"https://one\", \"https://two\"]}"},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"registry-mirrors\":[\"https://one\",\"https://two\"]}"},
        {"{ \"a\": 1 }", "{ \"a\": 1, \"registry-mirrors\": [\"https://one\", \"https://two\"] }"},
        // the file's own way to write lists
        {"{\n  \"dns\": [\"1.1.1.1\"]\n}\n",
         "{\n  \"dns\": [\"1.1.1.1\"],\n  \"registry-mirrors\": [\"https://one\", \"https://two\"]\n}\n"},
        {"{\n  \"dns\" : [\n    \"1.1.1.1\"\n  ]\n}\n",
         "{\n  \"dns\" : [\n    \"1.1.1.1\"\n  ],\n  \"registry-mirrors\" : [\n    \"https://one\",\n    "
         "\"https://two\"\n  ]\n}\n"},
        // leading commas
        {"{\n    \"a\": 1\n  , \"b\": 2\n}",
         "{\n    \"a\": 1\n  , \"b\": 2\n  , \"registry-mirrors\": [\n      \"https://one\",\n      "
         "\"https://two\"\n  ]\n}"},
        // blank lines between members are not copied
        {"{\n  \"a\": 1,\n\n  \"b\": 2\n}",
         "{\n  \"a\": 1,\n\n  \"b\": 2,\n  \"registry-mirrors\": [\n    \"https://one\",\n    "
         "\"https://two\"\n  ]\n}"},
        // existing lists
        {"{\"registry-mirrors\": []}", "{\"registry-mirrors\": [\"https://one\", \"https://two\"]}"},
        {"{\n  \"registry-mirrors\": [],\n  \"x\": 1e400\n}",
         "{\n  \"registry-mirrors\": [\n    \"https://one\",\n    \"https://two\"\n  ],\n  \"x\": 1e400\n}"},
        {"{\n  \"registry-mirrors\": [\"https:\\/\\/one\"]\n}",
         "{\n  \"registry-mirrors\": [\"https:\\/\\/one\", \"https://two\"]\n}"},
        {"{\n  \"registry-mirrors\": [\n    \"https://two\"\n  ]\n}",
         "{\n  \"registry-mirrors\": [\n    \"https://one\",\n    \"https://two\"\n  ]\n}"},
        {"{\"registry-mirrors\": [ \"https://old\" , \"https://two\" ]}",
         "{\"registry-mirrors\": [ \"https://one\" , \"https://two\" ]}"},
        {"{\"registry-mirrors\": [\"https:\\/\\/two\",\"https://one\"]}",
         "{\"registry-mirrors\": [\"https://one\",\"https:\\/\\/two\"]}"},
        {"{\"registry-mirrors\": [\"https://one\",\n\"a\", \"b\",\n\"https://two\"]}",
         "{\"registry-mirrors\": [\"https://one\",\n\"https://two\"]}"},
        {"{\"registry-mirrors\": [\"https://one\", \"https://two\"]}",
         "{\"registry-mirrors\": [\"https://one\", \"https://two\"]}"},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& c = cases[i];
        auto after = edited(c.before, parsed(c.before).set_strings(kMirrors, kTwo));
        EXPECT_EQ(after, c.after) << "case " << i;
        EXPECT_EQ(**parsed(after).strings_at(kMirrors), kTwo);
        EXPECT_TRUE(parsed(after).set_strings(kMirrors, kTwo)->empty());
    }
}

TEST(JsonDoc, SetStringCreatesObjects) {
    const Path path = {"proxies", "default", "httpProxy"};
    const std::vector<Case> cases = {
        {"",
         "{\n    \"proxies\": {\n        \"default\": {\n            \"httpProxy\": \"http://p:1\"\n        "
         "}\n    }\n}\n"},
        {"{\n\t\"auths\": {}\n}",
         "{\n\t\"auths\": {},\n\t\"proxies\": {\n\t\t\"default\": {\n\t\t\t\"httpProxy\": "
         "\"http://p:1\"\n\t\t}\n\t}\n}"},
        {"{\n\t\"proxies\": {}\n}",
         "{\n\t\"proxies\": {\n\t\t\"default\": {\n\t\t\t\"httpProxy\": \"http://p:1\"\n\t\t}\n\t}\n}"},
        {"{\"proxies\":{\"default\":{\"noProxy\":\"x\"}}}",
         "{\"proxies\":{\"default\":{\"noProxy\":\"x\", \"httpProxy\":\"http://p:1\"}}}"},
        {"{\n  \"proxies\": { \"default\": { \"noProxy\": \"x\" } }\n}",
         "{\n  \"proxies\": { \"default\": { \"noProxy\": \"x\", \"httpProxy\": \"http://p:1\" } }\n}"},
        {"{\"a\":1,\"proxies\":{}}", "{\"a\":1,\"proxies\":{\"default\":{\"httpProxy\":\"http://p:1\"}}}"},
        {"{\"proxies\": {\"default\": {\"httpProxy\": \"old\"}}, \"n\": 1.50}",
         "{\"proxies\": {\"default\": {\"httpProxy\": \"http://p:1\"}}, \"n\": 1.50}"},
    };
    for (const auto& c : cases) {
        auto after = edited(c.before, parsed(c.before).set_string(path, "http://p:1"));
        EXPECT_EQ(after, c.after);
        EXPECT_EQ(**parsed(after).string_at(path), "http://p:1");
        EXPECT_TRUE(parsed(after).set_string(path, "http://p:1")->empty());
    }
}

TEST(JsonDoc, RemoveTakesOnlyTheMember) {
    const std::vector<Case> cases = {
        {"{\"registry-mirrors\": []}", "{}"},
        {"{\n  \"registry-mirrors\": [\n    \"x\"\n  ]\n}\n", "{}\n"},
        {"{\n  \"registry-mirrors\": [],\n  \"b\": 1\n}", "{\n  \"b\": 1\n}"},
        {"{\n  \"a\": 1,\n  \"registry-mirrors\": []\n}", "{\n  \"a\": 1\n}"},
        {"{\n  \"a\": 1,\n  \"registry-mirrors\": [],\n  \"b\": 1\n}", "{\n  \"a\": 1,\n  \"b\": 1\n}"},
        {"{\r\n\t\"a\": 1\r\n\t, \"registry-mirrors\": {\"x\": 1}\r\n}", "{\r\n\t\"a\": 1\r\n}"},
        {"{\"a\": 1}", "{\"a\": 1}"},
        {"", ""},
    };
    for (const auto& c : cases) EXPECT_EQ(edited(c.before, parsed(c.before).remove(kMirrors)), c.after);
}

TEST(JsonDoc, RefusesWhatItCannotEdit) {
    struct Refusal {
        std::string text;
        Path path;
    };
    const std::vector<Refusal> cases = {{"[]", kMirrors},
                                        {"3", kMirrors},
                                        {"{\"registry-mirrors\": \"x\"}", kMirrors},
                                        {"{\"registry-mirrors\": null}", kMirrors},
                                        {"{\"registry-mirrors\": [1]}", kMirrors},
                                        {"{\"registry-mirrors\": {}}", kMirrors},
                                        {"{\"a\": 1}", {"a", "b"}},
                                        {"{\"a\": null}", {"a", "b"}},
                                        {"{\"a\": {\"b\": []}}", {"a", "b", "c"}}};
    for (const auto& c : cases) {
        auto edits = parsed(c.text).set_strings(c.path, kOne);
        ASSERT_FALSE(edits.has_value()) << c.text;
        EXPECT_EQ(edits.error().code, ErrorCode::unsupported_layout);
        EXPECT_TRUE(edits.error().location.has_value());
    }
    EXPECT_EQ(parsed("{\"a\": []}").set_string({"a"}, "x").error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(parsed("{\"a\": 1}").remove({"a", "b"}).error().code, ErrorCode::unsupported_layout);
    EXPECT_EQ(parsed("{}").set_string({"a"}, "\xFF").error().code, ErrorCode::usage);
    EXPECT_EQ(parsed("{}").set_string({"\xFF"}, "x").error().code, ErrorCode::usage);
    EXPECT_EQ(parsed("{}").set_string({}, "x").error().code, ErrorCode::internal);
}

TEST(JsonEditor, ComposesEditsOfOneDocument) {
    const std::string before =
        "{\n\t\"auths\": {\"a\": {\"auth\": \"c2VjcmV0\"}},\n\t\"credsStore\": \"x\"\n}";
    auto editor = JsonEditor::open(before);
    ASSERT_TRUE(editor.has_value());
    const Path base = {"proxies", "default"};
    for (std::string key : {"httpProxy", "httpsProxy", "noProxy"}) {
        auto path = base;
        path.push_back(key);
        ASSERT_TRUE(editor->apply(editor->doc().set_string(path, "v:" + key)).has_value());
    }
    ASSERT_TRUE(editor->apply(editor->doc().remove({"credsStore"})).has_value());
    EXPECT_FALSE(editor->apply(editor->doc().set_string({"auths"}, "x")).has_value());
    EXPECT_EQ(editor->text(),
              "{\n\t\"auths\": {\"a\": {\"auth\": \"c2VjcmV0\"}},\n\t\"proxies\": {\n\t\t\"default\": "
              "{\n\t\t\t\"httpProxy\": \"v:httpProxy\",\n"
              "\t\t\t\"httpsProxy\": \"v:httpsProxy\",\n\t\t\t\"noProxy\": \"v:noProxy\"\n\t\t}\n\t}\n}");
    EXPECT_EQ(apply_and_check(before, editor->edits()), editor->text());
}

TEST(JsonEditor, AValueSetAndPutBackLeavesNoEdit) {
    auto editor = JsonEditor::open("{\"a\": \"x\"}");
    ASSERT_TRUE(editor->apply(editor->doc().set_string({"a"}, "y")).has_value());
    ASSERT_TRUE(editor->apply(editor->doc().set_string({"a"}, "x")).has_value());
    EXPECT_TRUE(editor->edits().empty());
}

}  // namespace
}  // namespace mirrorctl::text::json_doc_test
