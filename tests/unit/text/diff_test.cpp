#include "text/diff.hpp"

#include "base/strings.hpp"
#include "unit/text/laws.hpp"

#include <chrono>

namespace mirrorctl::text::diff_test {
namespace {

TEST(Diff, LooksAsDiffWouldWriteIt) {
    EXPECT_EQ(unified_diff("/etc/x", "a\n", "a\n"), "");
    EXPECT_EQ(unified_diff("/etc/x", std::nullopt, std::nullopt), "");
    EXPECT_EQ(unified_diff("/etc/x", "a\nb\nc\n", "a\nB\nc\n"),
              "--- a/etc/x\n+++ b/etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
    EXPECT_EQ(unified_diff("/etc/x", std::nullopt, "a\n"), "--- /dev/null\n+++ b/etc/x\n@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(unified_diff("/etc/x", "a\nb\n", std::nullopt),
              "--- a/etc/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n");
    EXPECT_EQ(unified_diff("/etc/x", std::nullopt, ""), "--- /dev/null\n+++ b/etc/x\n");
    EXPECT_EQ(unified_diff("/x", "a", "a\n"),
              "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    EXPECT_EQ(unified_diff("/x", "a\nb", "A\nb"),
              "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n");
    EXPECT_EQ(unified_diff("/x", "a\r\n", "a\n"), "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+a\n");
}

TEST(Diff, ChangesFarApartGetTheirOwnHunks) {
    std::string before, near, far;
    for (int i = 1; i <= 20; ++i) {
        before += cat(i, "\n");
        near += i == 5 || i == 12 ? "x\n" : cat(i, "\n");
        far += i == 5 || i == 13 ? "" : cat(i, "\n");
    }
    auto count = [](const std::string& text) { return split(text, '@').size() / 4; };
    EXPECT_EQ(count(unified_diff("/x", before, near)), 1U);
    EXPECT_EQ(count(unified_diff("/x", before, far)), 2U);
    EXPECT_NE(unified_diff("/x", before, far)
                  .find("@@ -2,7 +2,6 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n@@ -10,7 +9,6 @@\n"),
              std::string::npos)
        << unified_diff("/x", before, far);
}

// What `patch` does: checks context and removed lines, returns the new text.
std::string patched(const std::string& before, const std::string& diff) {
    auto lines = [](std::string_view text) {
        std::vector<std::string> out;
        while (!text.empty()) {
            auto end = std::min(text.find('\n'), text.size() - 1) + 1;
            out.emplace_back(text.substr(0, end));
            text.remove_prefix(end);
        }
        return out;
    };
    auto old = lines(before);
    auto script = lines(diff);
    std::string out;
    std::size_t at = 0;
    for (std::size_t i = 2; i < script.size(); ++i) {
        auto line = script[i];
        if (line[0] == '@') {
            auto range = split(split(line, ' ')[1].substr(1), ',');
            auto first = static_cast<std::size_t>(*parse_integer(range[0]));
            if (range.size() == 1 || range[1] != "0") --first;
            while (at < first) out += old.at(at++);
            continue;
        }
        auto content = line.substr(1);
        if (i + 1 < script.size() && script[i + 1][0] == '\\') content.pop_back();
        if (line[0] == '\\') continue;
        if (line[0] != '+') {
            EXPECT_EQ(old.at(at++), content);
        }
        if (line[0] != '-') out += content;
    }
    while (at < old.size()) out += old[at++];
    return out;
}

TEST(Diff, PatchGivesTheNewText) {
    Random random(14);
    for (int round = 0; round < 2000; ++round) {
        std::string before, after;
        for (auto n = random.below(30); n > 0; --n) {
            auto line = random.pick<std::string>({"a\n", "b\n", "c\n", "\n", "dd\r\n", "e e\n"});
            if (!random.chance(15)) before += line;
            if (!random.chance(15)) after += line;
            if (random.chance(10)) after += "new\n";
        }
        if (random.chance(30)) before += "tail";
        if (random.chance(30)) after += "tail";
        if (before == after) continue;
        auto diff = unified_diff("/x", before, after);
        ASSERT_EQ(patched(before, diff), after) << diff;
    }
}

TEST(Diff, IsMinimalForSmallTexts) {
    auto diff = unified_diff("/x", "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n");
    std::size_t changes = 0;
    for (const auto& line : split(diff.substr(diff.find("@@\n") + 3), '\n'))
        if (line.starts_with('+') || line.starts_with('-')) ++changes;
    EXPECT_EQ(changes, 5U) << diff;  // the example of Myers' paper
}

TEST(Diff, BigInputsAreBounded) {
    std::string before, after;
    for (int i = 0; i < 60000; ++i) {
        before += cat("old ", i, "\n");
        after += cat("new ", i, "\n");
    }
    auto begin = std::chrono::steady_clock::now();
    auto diff = unified_diff("/x", before, after);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_EQ(patched(before, diff), after);
}

}  // namespace
}  // namespace mirrorctl::text::diff_test
