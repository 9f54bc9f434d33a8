#include "text/witness.hpp"

#include "text/tree.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::text::witness_test {
namespace {

struct Case {
    std::string before, after;
    std::vector<Path> allowed;
    std::string culprit;  // "" = all well
};

void check(Result<void> (*same_except)(std::string_view, std::string_view, const std::vector<Path>&),
           const std::vector<Case>& cases) {
    for (const auto& c : cases) {
        auto result = same_except(c.before, c.after, c.allowed);
        SCOPED_TRACE(c.before + " -> " + c.after);
        if (c.culprit.empty()) {
            EXPECT_TRUE(result.has_value()) << to_string(result.error());
            continue;
        }
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, ErrorCode::unsupported_layout);
        EXPECT_TRUE(result.error().message.ends_with(": " + c.culprit)) << result.error().message;
    }
}

TEST(Witness, Json) {
    const std::vector<Path> kMirrors = {{"registry-mirrors"}};
    const std::vector<Path> kProxy = {{"proxies", "default", "httpProxy"}};
    check(json_same_except,
          {
              {"{}", "{}", {}, ""},
              {"", "{\"registry-mirrors\": []}", kMirrors, ""},
              {"{\"registry-mirrors\": [\"a\"], \"x\": 1}", "{\"x\":1}", kMirrors, ""},
              {"{\"x\": 1, \"y\": 2}", "{\"y\": 2, \"x\": 1, \"registry-mirrors\": {}}", kMirrors, ""},
              {"{\"x\": 1}", "{\"x\": 2}", kMirrors, "x"},
              {"{\"x\": 1}", "{\"x\": 1.0}", kMirrors, "x"},
              {"{\"x\": 12345678901234567890123}", "{\"x\": 12345678901234567890124}", kMirrors, "x"},
              {"{\"x\": \"1\"}", "{\"x\": 1}", kMirrors, "x"},
              {"{\"x\": {\"y.z\": [1, 2]}}", "{\"x\": {\"y.z\": [2, 1]}}", kMirrors, "x.\"y.z\""},
              {"{}", "{\"x\": null}", kMirrors, "x"},
              {"{\"x\": {}}", "{}", kMirrors, "x"},
              {"{\"x\": {}}", "{\"x\": []}", {{"y"}}, "x"},
              {"", "{\"proxies\": {\"default\": {\"httpProxy\": \"p\"}}}", kProxy, ""},
              {"{\"proxies\": {\"default\": {\"httpProxy\": \"p\"}}}", "", kProxy, ""},
              {"{}", "{\"proxies\": {\"default\": {\"noProxy\": \"p\"}}}", kProxy, "proxies.default.noProxy"},
              {"{\"proxies\": 1}", "{\"proxies\": {\"default\": {\"httpProxy\": \"p\"}}}", kProxy, "proxies"},
              {"{\"a\": 1}", "{\"b\": 1}", {{}}, ""},
              {"[]", "{}", {{"a"}}, "(top level)"},
          });
    EXPECT_EQ(json_same_except("{", "{}", {}).error().code, ErrorCode::parse);
    EXPECT_EQ(json_same_except("{}", "{,}", {}).error().code, ErrorCode::parse);
    EXPECT_EQ(json_same_except("{}", std::string(10000, '['), {}).error().code, ErrorCode::parse);
    EXPECT_EQ(json_tree("{\n \"a\": 1e400}").error().location->line, 2);
}

TEST(Witness, Toml) {
    const std::vector<Path> kPath = {{"plugins", "io.containerd.grpc.v1.cri", "registry", "config_path"}};
    check(toml_same_except,
          {
              {"", "", {}, ""},
              {"a = 1 # c\n", "# other\na=1", {}, ""},
              {"", "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/x\"\n", kPath, ""},
              {"version = 2\n", "version = 3\n", kPath, "version"},
              {"a = 'x'\n", "a = \"x\"\n", {}, ""},
              {"a = 1\n", "a = 1.0\n", {}, "a"},
              {"a = 0.1\n", "a = 0.1000000000000001\n", {}, "a"},
              {"a = 1979-05-27\n", "a = 1979-05-28\n", {}, "a"},
              {"[[a]]\nx = 1\n[[a]]\nx = 2\n", "[[a]]\nx = 2\n[[a]]\nx = 1\n", {}, "a"},
              {"[host.'https://a']\nca = 'x'\n",
               "[host.'https://a']\nca = 'y'\n",
               {{"host", "https://b"}},
               "host.\"https://a\".ca"},
              {"[host.'https://a']\nca = 'x'\n", "", {{"host", "https://a"}}, ""},
              {"[a]\n", "", {{"b"}}, "a"},
          });
    EXPECT_EQ(toml_same_except("a = ", "", {}).error().code, ErrorCode::parse);
}

TEST(Witness, BrokenHeadersAreErrorsNotCrashes) {
    for (std::string text : {"[#]", "[=]", "[,", "[[}", "a.=1", "[\n]", "a = [1,,2]", "a = {,}", "=", "[a.\n",
                             "\"\"\"\"", "a = \"\"\"", "a = 1__0", "a={b=1,}"}) {
        auto tree = toml_tree(text);
        ASSERT_FALSE(tree.has_value()) << text;
        EXPECT_EQ(tree.error().code, ErrorCode::parse) << text;
        EXPECT_TRUE(tree.error().location.has_value()) << text;
    }
}

TEST(Paths, AreShownAsTomlWouldWriteThem) {
    EXPECT_EQ(show({}), "(top level)");
    EXPECT_EQ(show({"a", "b-c_1"}), "a.b-c_1");
    EXPECT_EQ(show({"a.b", "", "x\x1B"}), "\"a.b\".\"\".\"x?\"");
    EXPECT_TRUE(starts_with({"a", "b"}, {"a"}));
    EXPECT_TRUE(starts_with({"a"}, {}));
    EXPECT_FALSE(starts_with({"a"}, {"a", "b"}));
    EXPECT_FALSE(starts_with({"ab"}, {"a"}));
}

}  // namespace
}  // namespace mirrorctl::text::witness_test
