#include "text/template.hpp"

#include "text/quote.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::text::template_test {
namespace {

const TemplateValues kValues = {
    .strings = {{"server", "https://registry-1.docker.io"}, {"weird", "a\"b<&>'{{x}}"}},
    .lists = {{"hosts",
               {{.strings = {{"url", "https://a"}}, .lists = {{"ca", {}}}},
                {.strings = {{"url", "https://b"}}, .lists = {{"ca", {{}}}}}}},
              {"none", {}},
              {"yes", {{}}}}};

TEST(Template, RendersWithTheEscapeOfTheFormat) {
    struct Case {
        std::string source, out;
    };
    const std::vector<Case> cases = {
        {"", ""},
        {"plain\r\n", "plain\r\n"},
        {"server = {{server}}\n", "server = \"https://registry-1.docker.io\"\n"},
        {"{{ weird }}", "\"a\\\"b<&>'{{x}}\""},
        {"{{! a comment {{{ }}x", "x"},
        {"{{#hosts}}\n[host.{{url}}]\n{{#ca}}\n# {{server}}\n{{/ca}}\n{{/hosts}}\nend\n",
         "[host.\"https://a\"]\n[host.\"https://b\"]\n# \"https://registry-1.docker.io\"\nend\n"},
        {"{{#none}}{{nobody}}{{/none}}{{^none}}empty{{/none}}", "empty"},
        {"a\n{{#none}}\nx\n{{/none}}\n  {{! note }}\n{{^yes}}\nz\n{{/yes}}\r\nb", "a\nb"},
        {"{{#hosts}}\n\n{{url}}\n{{/hosts}}", "\n\"https://a\"\n\n\"https://b\"\n"},
        {"  {{#yes}} x {{/yes}}\n", "   x \n"},
        {"{{#yes}}y{{/yes}}{{^yes}}n{{/yes}}", "y"},
    };
    for (const auto& c : cases) {
        auto out = render(c.source, kValues, quote_toml);
        ASSERT_TRUE(out.has_value()) << c.source << ": " << to_string(out.error());
        EXPECT_EQ(*out, c.out);
    }
    EXPECT_EQ(*render("export X={{weird}}", kValues, quote_shell), "export X='a\"b<&>'\\''{{x}}'");
}

TEST(Template, RefusesWrongTemplates) {
    for (std::string source :
         {"{{{server}}}", "{{&server}}", "{{& server}}", "{{>part}}", "{{=<% %>=}}", "{{missing}}",
          "{{#missing}}x{{/missing}}", "{{^missing}}x{{/missing}}", "{{#hosts}}", "{{/hosts}}",
          "{{#hosts}}{{/none}}", "{{server", "{{}}", "{{a.b}}", "{{.}}", "{{hosts}}",
          "{{#server}}x{{/server}}", "{{#hosts}}{{missing}}{{/hosts}}", "{{#yes}}{{url}}{{/yes}}"}) {
        auto out = render(source, kValues, quote_toml);
        ASSERT_FALSE(out.has_value()) << source << ": " << *out;
        EXPECT_EQ(out.error().code, ErrorCode::internal) << source;
    }
}

TEST(Template, PassesOnWhatTheEscapeRefuses) {
    auto out =
        render("{{a}}{{b}}", {.strings = {{"a", "ok"}, {"b", "two\nlines"}}, .lists = {}}, quote_unit_word);
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.error().code, ErrorCode::usage);
    auto same = [](std::string_view value) { return Result<std::string>(std::string(value)); };
    EXPECT_EQ(render("{{a}}", {.strings = {{"a", "x\x1Ey"}}, .lists = {}}, same).error().code,
              ErrorCode::usage);
    EXPECT_EQ(render("\x1E", {}, same).error().code, ErrorCode::internal);
}

}  // namespace
}  // namespace mirrorctl::text::template_test
