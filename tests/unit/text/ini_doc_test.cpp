#include "text/ini_doc.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"
#include "unit/text/laws.hpp"

namespace mirrorctl::text::ini_doc_test {
namespace {

IniDoc parsed(std::string_view text) {
    auto doc = IniDoc::parse(text);
    EXPECT_TRUE(doc.has_value()) << to_string(doc.error()) << "\n" << text;
    return doc.value_or(IniDoc{});
}

using Values = std::vector<std::string>;

TEST(IniDoc, ReadsAsSystemdDoes) {
    auto doc = parsed(
        "\xEF\xBB\xBF# comment\nLost=1\n[Unit]\r\nDescription = a=b ; not a comment \n; c\n[Service]\n  "
        "Environment=\"A=1\" \\\n# between\n"
        "  \"B=2\"\nnonsense\nEnvironment=\nEnvironment=C=3\\\\\n[Unit]\nDescription=two\n[X]\n");
    EXPECT_EQ(doc.sections(), (Values{"Unit", "Service", "X"}));
    EXPECT_EQ(doc.values("Unit", "Description"), (Values{"a=b ; not a comment", "two"}));
    EXPECT_EQ(doc.values("Service", "Environment"), (Values{"\"A=1\"    \"B=2\"", "", "C=3\\\\"}));
    EXPECT_TRUE(doc.values("Service", "environment").empty());
    EXPECT_TRUE(doc.values("", "Lost").empty());
    EXPECT_EQ(doc.entries().size(), 5U);
}

TEST(IniDoc, RefusesWhatSystemdCannotRead) {
    EXPECT_EQ(IniDoc::parse("[Service\nA=1\n").error().location->line, 1);
    EXPECT_EQ(IniDoc::parse("[S]\nA=1\\").error().location->line, 2);
    EXPECT_EQ(IniDoc::parse(std::string("[S]\nA=\0", 7)).error().code, ErrorCode::parse);
    EXPECT_TRUE(IniDoc::parse("").has_value());
}

TEST(IniDoc, SetValuesTouchesOnlyLinesOfTheKey) {
    struct Case {
        std::string before;
        Values wanted;
        std::string after;
    };
    const std::vector<Case> cases = {
        {"", {"1"}, "[S]\nK=1\n"},
        {"", {}, ""},
        {"[S]\n", {"1", "2"}, "[S]\nK=1\nK=2\n"},
        {"[S]", {"1"}, "[S]\nK=1"},
        {"[S]\r\nA=1\r\n", {"1"}, "[S]\r\nA=1\r\nK=1\r\n"},
        {"[T]\nA=1\n", {"1"}, "[T]\nA=1\n\n[S]\nK=1\n"},
        {"[T]\nA=1\n\n", {"1"}, "[T]\nA=1\n\n[S]\nK=1\n"},
        {"[T]\nA=1", {"1"}, "[T]\nA=1\n\n[S]\nK=1"},
        {"[S]\nA=1\n# tail\n\n[T]\n", {"1"}, "[S]\nA=1\nK=1\n# tail\n\n[T]\n"},
        {"[S]\n K = 1 \nA=2\n", {"1"}, "[S]\n K = 1 \nA=2\n"},
        {"[S]\nK=1\n# c\nK=2\nA=1\n", {"1", "2", "3"}, "[S]\nK=1\n# c\nK=2\nK=3\nA=1\n"},
        {"[S]\nK=1\n# c\nK=2\nA=1\n", {"0", "1", "2"}, "[S]\nK=0\nK=1\n# c\nK=2\nA=1\n"},
        {"[S]\nK=1\n# c\nK=2\nA=1\n", {"2"}, "[S]\n# c\nK=2\nA=1\n"},
        {"[S]\nK=1\n# c\nK=2\nA=1\n", {"9", "8"}, "[S]\nK=9\n# c\nK=8\nA=1\n"},
        {"[S]\nK=1 \\\n  2\nA=1\n", {"9"}, "[S]\nK=9\nA=1\n"},
        {"[S]\nK=1 \\\n  2\nA=1\n", {}, "[S]\nA=1\n"},
        {"[S]\nK=1", {"2"}, "[S]\nK=2"},
        {"[S]\nK=1", {"1", "2"}, "[S]\nK=1\nK=2"},
        {"[S]\nA=1\n[T]\n[S]\nB=1\n", {"1"}, "[S]\nA=1\n[T]\n[S]\nB=1\nK=1\n"},
        {"K=0\n[S]\nK=1\n", {}, "K=0\n[S]\n"},
    };
    for (const auto& c : cases) {
        auto after = edited(c.before, parsed(c.before).set_values("S", "K", c.wanted));
        EXPECT_EQ(after, c.after);
        EXPECT_EQ(parsed(after).values("S", "K"), c.wanted);
        EXPECT_TRUE(parsed(after).set_values("S", "K", c.wanted)->empty());
    }
}

TEST(IniDoc, RefusesValuesThatWouldNotComeBack) {
    for (std::string value : {"a\nb", "a\rb", " a", "a ", "a\\", "a\\\\\\", "\t"})
        EXPECT_EQ(parsed("[S]\n").set_values("S", "K", {value}).error().code, ErrorCode::usage) << value;
    EXPECT_EQ(parsed("").set_values("S", "K", {std::string("\0", 1)}).error().code, ErrorCode::usage);
    for (std::string value : {"", "a\\\\", "# x", "; x", "[x]", "=", "a\\b"})
        EXPECT_EQ(parsed(edited("[S]\n", parsed("[S]\n").set_values("S", "K", {value}))).values("S", "K"),
                  Values{value});
}

TEST(IniDoc, LawsForRandomUnits) {
    Random random(11);
    for (int round = 0; round < 1500; ++round) {
        const std::string newline = random.chance(30) ? "\r\n" : "\n";
        std::string before = random.chance(10) ? std::string(kBom) : "";
        for (auto n = random.below(12); n > 0; --n)
            before +=
                random.pick<std::string>({"[S]", "[T]", "K=1", " K = two words",
                                          "K=", "K=\"x\" \\" + newline + "  # c" + newline + "y", "# note \\",
                                          "; [S]", "", "J=1", "nonsense", "K=a\\\\", "é=ü"}) +
                newline;
        if (random.chance(30) && before.ends_with(newline) && before.size() > newline.size() + 3)
            before.resize(before.size() - newline.size());
        auto doc = IniDoc::parse(before);
        ASSERT_TRUE(doc.has_value()) << to_string(doc.error()) << before;
        auto wanted = doc->values("S", "K");
        for (auto n = random.below(3); n > 0; --n)
            wanted.insert(wanted.begin() + static_cast<std::ptrdiff_t>(random.below(wanted.size() + 1)),
                          cat("new", n));
        if (!wanted.empty() && random.chance(50))
            wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(random.below(wanted.size())));
        SCOPED_TRACE(before);
        auto after = edited(before, doc->set_values("S", "K", wanted));
        auto next = parsed(after);
        ASSERT_EQ(next.values("S", "K"), wanted) << after;
        ASSERT_TRUE(next.set_values("S", "K", wanted)->empty());
        for (auto [section, key] :
             {std::pair("S", "J"), std::pair("T", "K"), std::pair("T", "J"), std::pair("S", "é")})
            ASSERT_EQ(next.values(section, key), doc->values(section, key)) << after;
    }
}

}  // namespace
}  // namespace mirrorctl::text::ini_doc_test
