#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"
#include "ui/report_columns.hpp"
#include "unit/ui/measured.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::ui::report_text_test {
namespace {

Report sample() {
    Report report;
    auto bad = usable("https://bad.example", 1);
    bad.usable = false;
    bad.reason =
        "answers the manifest with an HTML page, which is not what a registry does: a proxy's login page?";
    report.upstreams.push_back(
        {.name = "docker.io",
         .ranking = {usable("https://fast.example", 2.0),
                     usable("https://mirror.some-university.example/v2/docker.io", 4.0),
                     usable("https://far.example", 120), bad}});
    return report;
}

std::vector<std::string> table(int width) {
    auto term = Term::of(-1, ColorChoice::automatic, [&](const char* name) -> std::optional<std::string> {
        return std::string_view(name) == "MIRRORCTL_COLUMNS" ? std::optional(std::to_string(width))
                                                             : std::nullopt;
    });
    return split(report_text(sample(), term), '\n');
}

int count(const std::string& text, std::string_view what) {
    int n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
    return n;
}

TEST(ReportText, EveryLineFits) {
    for (int width : {40, 50, 60, 72, 80, 100, 120, 132, 200, 400})
        for (const auto& line : table(width))
            if (line.starts_with(' ') && line.find("bad.example") == std::string::npos) {
                EXPECT_LE(columns(line), width) << line;  // of the rest a pipe gets whole lines
            }
}

TEST(ReportText, WiderMeansMore) {
    auto has = [](int width, const std::string& word) {
        return join(table(width), "\n").find(word) != std::string::npos;
    };
    for (int width : {40, 60, 80, 100, 160}) EXPECT_TRUE(has(width, "2.00 s")) << width;
    EXPECT_FALSE(has(40, "█"));
    EXPECT_TRUE(has(60, "█"));
    EXPECT_TRUE(has(80, "14.3 MiB/s"));
    EXPECT_FALSE(has(80, "330 ms"));
    EXPECT_TRUE(has(100, "1.8–2.2 s"));
    for (const char* word :
         {"DNS", "11 ms", "connect", "80 ms", "TLS", "0.12 s", "token", "0.33 s", "250 ms"})
        EXPECT_TRUE(has(160, word)) << word;
}

TEST(ReportText, BarsAreAsLongAsThePulls) {
    auto lines = table(100);
    int fast = count(lines[2], "█") + count(lines[2], "▒");
    int slow = count(lines[3], "█") + count(lines[3], "▒");
    EXPECT_NEAR(slow, 2 * fast, 1);
    EXPECT_EQ(count(lines[3], "»"), 0);
    EXPECT_EQ(count(lines[4], "»"), 1) << "120 s do not fit on that axis";
    // 0.011 + 0.2 + 0.33 + 0.25 of 2 s come before the bytes
    EXPECT_NEAR(count(lines[2], "▒"), 0.79 / 2.0 * fast, 1);
}

TEST(ReportText, Pieces) {
    EXPECT_EQ(right("ab", 4), "  ab");
    EXPECT_EQ(columns(right("abcdef", 4)), 4);
    EXPECT_EQ(wrapped("one two three", 7, 2), "one two\n  three");
    EXPECT_EQ(wrapped("unbreakable x", 4, 1), "unbreakable\n x");
    EXPECT_EQ(columns_for(0, 11).size(), 1U);
    EXPECT_EQ(columns_for(500, 11).size(), 9U);
}

}  // namespace
}  // namespace mirrorctl::ui::report_text_test
