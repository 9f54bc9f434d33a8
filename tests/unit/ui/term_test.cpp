#include "ui/term.hpp"

#include "ui/documents.hpp"
#include "ui/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace mirrorctl::ui::term_test {
namespace {

Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const char* name) -> std::optional<std::string> {
        auto it = values.find(name);
        return it == values.end() ? std::nullopt : std::optional(it->second);
    };
}

TEST(Term, ColourOnlyWhereAsked) {
    EXPECT_EQ(Term::of(-1, ColorChoice::automatic, environment({})).red("x"), "x");
    EXPECT_EQ(Term::of(-1, ColorChoice::always, environment({{"NO_COLOR", "1"}})).red("x"),
              "\x1b[31mx\x1b[0m");
    EXPECT_EQ(Term::of(-1, ColorChoice::never, environment({})).red("x"), "x");
    EXPECT_EQ(Term::of(-1, ColorChoice::automatic, environment({{"MIRRORCTL_COLUMNS", "132"}})).width(), 132);
    EXPECT_EQ(Term::of(-1, ColorChoice::automatic, environment({{"MIRRORCTL_COLUMNS", "wide"}})).width(), 80);
}

TEST(Term, FitCountsColumnsNotBytes) {
    EXPECT_EQ(columns("镜像"), 4);
    EXPECT_EQ(fit("镜像站", 5), "镜像…");
    EXPECT_EQ(fit("abc", 5), "abc  ");
    EXPECT_EQ(fit("abcdef", 4), "abc…");
    EXPECT_EQ(columns(bar(0.5, 10)), 10);
    EXPECT_EQ(fit("abc", 0), "");
}

Measurement measurement(const std::string& url, const std::string& reason) {
    Measurement m;
    m.mirror.url = *parse_url(url);
    m.reason = reason;
    return m;
}

TEST(Text, NothingFromStrangersMovesTheCursor) {
    Report report;
    auto m = measurement("https://evil.example", "said \x1b[2Jhello\r\x07");
    report.upstreams.push_back({.name = "docker.io", .ranking = {m}});
    auto text = report_text(report, Term{});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_NE(text.find("hello"), std::string::npos);
}

TEST(Text, SecretsAreMaskedInErrorsAndJson) {
    Error error{.code = ErrorCode::proxy,
                .message = "cannot reach http://user:hunter2@proxy:3128",
                .hint = "check http://user:hunter2@proxy:3128"};
    for (const auto& text : {error_text(error, Term{}), error_json("apply", error),
                             run_json({.command = "apply", .error = error})}) {
        EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
        EXPECT_NE(text.find("***@proxy"), std::string::npos) << text;
    }
}

TEST(Progress, APipeGetsOneLinePerFinishedMirrorAndNoEscapes) {
    std::string out;
    double now = 0;
    auto usable = measurement("https://a", "");
    usable.usable = true;
    usable.predicted_pull_s = 2;
    {
        Progress progress(
            Term{}, [&](std::string_view text) { out += text; }, [&] { return now; }, false);
        progress.on(BenchStarted{.candidates = 2, .budget_s = 10});
        progress.on(CandidateProgress{.upstream = "docker.io", .url = "https://a", .stage = "manifest"});
        progress.on(CandidateFinished{.upstream = "docker.io", .measurement = usable});
        progress.on(
            CandidateFinished{.upstream = "docker.io", .measurement = measurement("https://b", "403")});
        progress.on(BenchFinished{});
    }
    EXPECT_EQ(out.find('\x1b'), std::string::npos);
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
    EXPECT_NE(out.find("https://b rejected: 403"), std::string::npos) << out;
}

}  // namespace
}  // namespace mirrorctl::ui::term_test
