#include "ui/page.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "ui/pull_parts.hpp"
#include "ui/scale.hpp"
#include "unit/ui/measured.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mirrorctl::ui::page_test {
namespace {

Measurement rejected(const std::string& url, const std::string& reason) {
    Measurement m;
    m.mirror.url = *parse_url(url);
    m.fault = Fault::html;
    m.reason = reason;
    return m;
}

Report report_of(std::vector<Measurement> ranking) {
    Report report;
    report.profile = "cn";
    report.taken_at = 1.79e9;
    report.elapsed_s = 2;
    report.upstreams.push_back({.name = "docker.io", .ranking = std::move(ranking)});
    return report;
}

TEST(Page, TemplatesHaveNoUnescapedTags) {
    ASSERT_GE(embedded_pages().size(), 1U);
    for (const auto& page : embedded_pages())
        for (const char* banned : {"{{{", "{{&", "{{=", "{{>", "{{!", " \n", "\r"})
            EXPECT_EQ(page.text.find(banned), std::string_view::npos) << page.name << " has " << banned;
}

TEST(Page, AsksForNothingFromOutside) {
    auto page = report_page(report_of({usable("https://a.example", 2)})).value();
    for (const char* banned :
         {"<script", "<link", "<img", "<iframe", "@import", "url(", "src=", "style=\"", "onload"})
        EXPECT_EQ(page.find(banned), std::string::npos) << banned;
    EXPECT_NE(page.find("content=\"default-src 'none'; style-src &#39;sha256-"), std::string::npos);
}

// The browser refuses the style, and the page is bare, when the hash is not that of the style.
TEST(Page, PolicyNamesThisStyleOnly) {
    auto page = report_page(report_of({})).value();
    auto from = page.find("<style>") + 7;
    auto hex = sha256_hex(page.substr(from, page.find("</style>") - from));
    auto at = page.find("sha256-") + 7;
    auto bytes = base64_decode(page.substr(at, page.find('&', at) - at)).value();
    std::string named;
    for (char byte : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        named += kDigits[static_cast<unsigned char>(byte) >> 4U];
        named += kDigits[static_cast<unsigned char>(byte) & 15U];
    }
    EXPECT_EQ(named, hex);
}

TEST(Page, WhatStrangersSayIsText) {
    auto report =
        report_of({rejected("https://evil.example/%3Cb%3E'\"", "</td><script>alert(1)</script>\x1b[2J\n&\"'"),
                   usable("https://a.example", 2)});
    report.profile = "<i>";
    report.upstreams[0].name = "\"><svg onload=x>";
    report.upstreams[0].ranking[1].reason = "<b>\x1e\xff";
    auto page = report_page(report);
    ASSERT_TRUE(page) << to_string(page.error());
    EXPECT_EQ(page->find("<script"), std::string::npos);
    EXPECT_EQ(page->find("<i>"), std::string::npos);
    EXPECT_EQ(page->find("<svg onload"), std::string::npos);
    EXPECT_NE(page->find("&lt;script&gt;alert(1)"), std::string::npos);
    for (char control : {'\x1b', '\x1e', '\xff'}) EXPECT_EQ(page->find(control), std::string::npos);
}

TEST(Page, SecretsAreMasked) {
    auto report = report_of(
        {usable("https://user:hunter2@a.example", 2),
         rejected("https://user:hunter2@b.example", "no way to https://user:hunter2@b.example/v2/")});
    report.route = "http://user:hunter2@proxy:3128";
    auto page = report_page(report).value();
    EXPECT_EQ(page.find("hunter2"), std::string::npos);
    EXPECT_NE(page.find("***@a.example"), std::string::npos);
}

TEST(Page, OddNumbersMakeAPageToo) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kHuge = std::numeric_limits<double>::max();
    std::vector<Measurement> ranking{usable("https://zero.example", 0), usable("https://huge.example", kHuge),
                                     usable("https://none.example", -1),
                                     usable("https://tiny.example", 1e-9)};
    ranking[1].dns_s = kHuge;
    ranking[3].connect_s = kNan;
    ranking[0].series = {{.at_s = kNan, .bps = 1}, {.at_s = -1, .bps = -1}, {.at_s = 0, .bps = 0}};
    ranking[1].series = {{.at_s = 1, .bps = kHuge}, {.at_s = 0.5, .bps = kNan}};
    ranking.push_back(usable("https://nan.example", kNan));
    for (auto report : {report_of(ranking), report_of({}), Report{}}) {
        auto page = report_page(report);
        ASSERT_TRUE(page) << to_string(page.error());
        EXPECT_TRUE(page->ends_with("</html>\n"));
        for (const char* wrong : {"nan%", "inf%", "\"-0", "\"-1"})
            EXPECT_EQ(page->find(wrong), std::string::npos) << wrong;
    }
}

TEST(Page, NothingUsableIsSaid) {
    auto page = report_page(report_of({rejected("https://a.example", "answers with a page")})).value();
    EXPECT_NE(page.find("No usable mirror and no usable origin."), std::string::npos);
    EXPECT_EQ(page.find("Predicted time"), std::string::npos);
    EXPECT_NE(page.find("answers with a page"), std::string::npos);
}

TEST(Page, ThroughputIsDrawnInSteps) {
    auto fast = usable("https://a.example", 2);
    fast.series = {{.at_s = 0.5, .bps = 1e6}, {.at_s = 1, .bps = 4e6}};
    auto slow = usable("https://b.example", 8);
    slow.series = {{.at_s = 2, .bps = 2e6}};
    auto page = report_page(report_of({fast, slow})).value();
    // 2 s are 200 units wide, 4 MB/s 58 units high
    EXPECT_NE(page.find("d=\"M0.0 45.5L50.0 45.5L50.0 2.0L100.0 2.0\""), std::string::npos);
    EXPECT_NE(page.find("d=\"M0.0 31.0L200.0 31.0\""), std::string::npos);
    EXPECT_NE(page.find("at most 3.8 MiB/s"), std::string::npos);
    EXPECT_EQ(report_page(report_of({usable("https://a.example", 2)}))->find("Throughput over time"),
              std::string::npos);
}

TEST(Page, UnsureAndWhyAreSaid) {
    auto report = report_of({usable("https://a.example", 2)});
    EXPECT_EQ(report_page(report)->find(">unsure<"), std::string::npos);
    report.upstreams[0].unsure = true;
    report.upstreams[0].why = "the budget ended <early>";
    report.upstreams[0].ranking[0].unsure = true;
    auto page = report_page(report).value();
    EXPECT_NE(page.find("the budget ended &lt;early&gt;"), std::string::npos);
    EXPECT_NE(page.find("class=\"verdict unsure\""), std::string::npos);
    EXPECT_NE(page.find(">unsure<"), std::string::npos);
}

TEST(PullParts, ThoseOfTheReportComeFirst) {
    auto m = usable("https://a.example", 3);
    m.phases = {.dns_s = 0.1,
                .connect_s = 0.2,
                .tls_s = 0.3,
                .token_s = -1,
                .manifest_s = 0.4,
                .first_byte_s = 0.5,
                .transfer_s = 1.5};
    auto parts = parts_of(m);
    EXPECT_NEAR(parts.of(PullPart::manifest), 0.4, 1e-9);
    EXPECT_EQ(parts.of(PullPart::token), 0);
    EXPECT_NEAR(parts.of(PullPart::transfer), 1.5, 1e-9);
    EXPECT_NEAR(parts.before_bytes(), 1.5, 1e-9);
}

TEST(PullParts, SumIsThePredictedTime) {
    auto m = usable("https://a.example", 3);
    m.token_s = 0.2;
    auto parts = parts_of(m);
    EXPECT_NEAR(parts.total(), 3, 1e-9);
    EXPECT_NEAR(parts.of(PullPart::connect), 0.08, 1e-9);
    EXPECT_NEAR(parts.of(PullPart::tls), 0.12, 1e-9);
    EXPECT_NEAR(parts.of(PullPart::token), 0.2, 1e-9);
    m.ttfb_s = 100;  // longer than all that was predicted
    EXPECT_NEAR(parts_of(m).total(), 3, 1e-9);
    EXPECT_EQ(parts_of(m).of(PullPart::transfer), 0);
    m.mirror.url.scheme = "http";
    EXPECT_EQ(parts_of(m).of(PullPart::tls), 0);
    m.predicted_pull_s = -1;
    EXPECT_EQ(parts_of(m).total(), 0);
}

TEST(Scale, FarValuesAreCutAndTheRestIsTold) {
    auto scale = Scale::of({2.15, 2.77, 3.41, 89, 132});
    EXPECT_FALSE(scale.cuts(3.41));
    EXPECT_TRUE(scale.cuts(89));
    EXPECT_GT(scale.share(3.41), 0.9);
    EXPECT_EQ(scale.share(1000), 1);
    EXPECT_LT(Scale::of({1, 100}).share(1), 0.7);  // a cut bar is visibly longer than the best
    EXPECT_FALSE(Scale::of({1, 5.9}).cuts(5.9));
    EXPECT_EQ(Scale::of({}).share(-1), 0);
    EXPECT_GT(Scale::of({-1, 0, std::nan("")}).end(), 0);
}

TEST(Scale, TicksAreRoundAndFew) {
    for (double end : {0.003, 0.07, 0.9, 1.0, 3.55, 12.0, 89.0, 4000.0}) {
        auto ticks = Scale::of({end}).ticks();
        EXPECT_GE(ticks.size(), 2U) << end;
        EXPECT_LE(ticks.size(), 5U) << end;
        EXPECT_LE(ticks.back(), Scale::of({end}).end());
    }
}

}  // namespace
}  // namespace mirrorctl::ui::page_test
