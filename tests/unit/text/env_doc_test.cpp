#include "text/env_doc.hpp"

#include "base/strings.hpp"
#include "unit/text/laws.hpp"

namespace mirrorctl::text::env_doc_test {
namespace {

EnvDoc parsed(std::string_view text, EnvGrammar grammar) {
    auto doc = EnvDoc::parse(text, grammar);
    EXPECT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << text;
    return doc.value_or(EnvDoc{});
}

TEST(EnvDoc, ReadsWhatSystemdReads) {
    struct Case {
        std::string text;
        std::string value;  // of A
    };
    const std::vector<Case> cases = {
        {"A=1", "1"},
        {"A = two words  \n", "two words"},
        {"A=\"x y\"'z'\"\\$\\`\\\"\\\\\\n\"\n", "x yz$`\"\\\\n"},
        {"A=plain\"quote\n", "plain\"quote"},
        {"A=a\\\nb\n", "ab"},
        {"A=a\\ \n", "a "},
        {"A=\"a\\\nb\nc\"\n", "ab\nc"},
        {"A='a\\\n$b'\n", "a\\\n$b"},
        {"A=%40%%\n", "%40%%"},
        {"A=$HOME`id`\n", "$HOME`id`"},
        {"A=x # y\n", "x # y"},
        {"A=\n", ""},
        {"A=1\nB=2\n  A=3\n", "3"},
        {"# A=0\n; A=0\nA=1\nnonsense\n", "1"},
        {"A=1\r\nB=2\r\n", "1"},
        {"A=\"1\"  \n", "1"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(**parsed(c.text, EnvGrammar::systemd).value_of("A"), c.value) << c.text;
    EXPECT_EQ(EnvDoc::parse("B=1\nA=\"x\n", EnvGrammar::systemd).error().location->line, 2);
    EXPECT_EQ(EnvDoc::parse("# x \\\nA=1\n", EnvGrammar::systemd).error().code,
              ErrorCode::unsupported_layout);
}

TEST(EnvDoc, ReadsPlainAssignmentsOfAShell) {
    struct Case {
        std::string text;
        std::string value;
    };
    const std::vector<Case> cases = {
        {"A=1", "1"},
        {"export A='x y'\n", "x y"},
        {"  export  A=\"x\\$\\`\\\"\\\\\\n\"'$z'\\ q # c\n", "x$`\"\\\\n$z q"},
        {"A='it'\\''s'\n", "it's"},
        {"A=a\\\nb\n", "ab"},
        {"A='a\nb'\n", "a\nb"},
        {"A=x#y\n", "x#y"},
        {"A=1;\n", "1"},
        {"A=\n", ""},
        {"A=%40\n", "%40"},
        {"if x; then A=0; fi\nA=1\n", "1"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(**parsed(c.text, EnvGrammar::shell).value_of("A"), c.value) << c.text;
    for (std::string text : {"A=$B", "A=\"$B\"", "A=`id`", "A=~/x", "A=x:~", "A=1 B=2", "A=1 cmd", "A=1; B=2",
                             "A=1|x", "export A=1 B"})
        EXPECT_EQ(parsed(text, EnvGrammar::shell).value_of("A").error().code, ErrorCode::unsupported_layout)
            << text;
    for (std::string text : {"A='x", "A=\"x", "export A=\"x\n\n", "A=x\\"})
        EXPECT_EQ(EnvDoc::parse(text, EnvGrammar::shell).error().code, ErrorCode::parse) << text;
    for (std::string text : {"echo A=1", "A =1", "A", "# A=1", "1A=1", "A+=1"})
        EXPECT_TRUE(parsed(text, EnvGrammar::shell).entries().empty()) << text;
}

TEST(EnvDoc, SetAndRemove) {
    struct Case {
        EnvGrammar grammar;
        std::string before, after, removed;
    };
    const auto kSystemd = EnvGrammar::systemd;
    const auto kShell = EnvGrammar::shell;
    const std::vector<Case> cases = {
        {kSystemd, "", "A=\"n\"\n", ""},
        {kSystemd, "B=1", "B=1\nA=\"n\"", "B=1"},
        {kSystemd, "A=1\r\nB=1\r\nA=2\r\nC=1", "A=1\r\nB=1\r\nA=\"n\"\r\nC=1", "B=1\r\nC=1"},
        {kSystemd, "A=x \\\n y\nB=1\n", "A=\"n\"\nB=1\n", "B=1\n"},
        {kSystemd, "# c\n\n  A=1\n", "# c\n\n  A=\"n\"\n", "# c\n\n"},
        {kSystemd, "A = 'n'\n", "A = 'n'\n", ""},
        {kShell, "", "export A='n'\n", ""},
        {kShell, "# c\n", "# c\nexport A='n'\n", "# c\n"},
        {kShell, "A=1\nexport A\n", "A='n'\nexport A\n", "export A\n"},
        {kShell, "\texport A=\"x\ny\" # c\nB=1", "\texport A='n'\nB=1", "B=1"},
        {kShell, "export A=n # c\n", "export A=n # c\n", ""},
    };
    for (const auto& c : cases) {
        auto doc = parsed(c.before, c.grammar);
        EXPECT_EQ(edited(c.before, doc.set("A", "n")), c.after);
        EXPECT_EQ(apply_and_check(c.before, doc.remove("A")), c.removed);
    }
    EXPECT_EQ(parsed("", kShell).set("A-B", "x").error().code, ErrorCode::usage);
    EXPECT_EQ(parsed("", kShell).set("A", "x\n").error().code, ErrorCode::usage);
    EXPECT_EQ(parsed("A=$X\n", kShell).set("A", "x").error().code, ErrorCode::unsupported_layout);
}

TEST(EnvDoc, LawsForRandomValues) {
    Random random(12);
    for (int round = 0; round < 2000; ++round) {
        auto grammar = random.chance(50) ? EnvGrammar::systemd : EnvGrammar::shell;
        std::string before;
        for (auto n = random.below(6); n > 0; --n)
            before += random.pick<std::string>(
                {"A=1\n", "B='x y'\n", "# note\n", "\n", "C=\"a\\\\b\"\n", "  A=old\n", "nonsense here\n"});
        auto doc = parsed(before, grammar);
        auto value = random.awkward(6);
        SCOPED_TRACE(cat(before, "\nvalue: ", value));
        auto after = edited(before, doc.set("A", value));
        auto next = parsed(after, grammar);
        ASSERT_EQ(**next.value_of("A"), value) << after;
        ASSERT_TRUE(next.set("A", value)->empty());
        ASSERT_EQ(*next.value_of("B"), *doc.value_of("B"));
        ASSERT_EQ(*next.value_of("C"), *doc.value_of("C"));
        auto gone = apply_and_check(after, next.remove("A"));
        ASSERT_FALSE(parsed(gone, grammar).value_of("A")->has_value());
    }
}

TEST(EnvEditor, WorksOnBothGrammars) {
    EnvEditor editor(parsed("A=1\n", EnvGrammar::systemd));
    ASSERT_TRUE(editor.apply(editor.doc().set("B", "2")).has_value());
    ASSERT_TRUE(editor.apply(editor.doc().remove("A")).has_value());
    EXPECT_EQ(editor.text(), "B=\"2\"\n");
    EXPECT_EQ(apply_and_check("A=1\n", editor.edits()), "B=\"2\"\n");
}

}  // namespace
}  // namespace mirrorctl::text::env_doc_test
