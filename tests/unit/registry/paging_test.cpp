// Link headers, Retry-After and upload Locations in the shapes that registries send.
#include "registry/link.hpp"
#include "registry/location.hpp"
#include "registry/retry.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::registry::paging_test {
namespace {

Url url(const char* text) {
    return parse_url(text).value();
}

TEST(NextLink, TakesTheOneThatIsNext) {
    EXPECT_EQ(next_link({"</v2/a/tags/list?n=2&last=b>; rel=\"next\""}), "/v2/a/tags/list?n=2&last=b");
    EXPECT_EQ(next_link({"<x>; rel=prev, <https://r.test/y?a=1,2>; title=\"a, b;\"; REL=\"up Next\""}),
              "https://r.test/y?a=1,2");
    EXPECT_EQ(next_link({"<a>; rel=prev", "<b>; rel=next"}), "b");
}

TEST(NextLink, SkipsWhatIsNone) {
    for (const char* text : {"", "<", "<a", "a; rel=next", "<a>; rel=nextish", "<a>", "<>; rel=next"})
        EXPECT_EQ(next_link({text}), std::nullopt) << text;
}

TEST(UploadPlace, ResolvesEveryShapeAndKeepsTheQuery) {
    auto asked = url("https://hub.test:8443/v2/a/blobs/uploads/");
    EXPECT_EQ(upload_place(asked, "https://hub.test:8443/u?_state=a%2Fb==&x")->url.str(),
              "https://hub.test:8443/u?_state=a%2Fb==&x");
    EXPECT_EQ(upload_place(asked, "/v2/a/blobs/uploads/1?_state=x%3D")->url.str(),
              "https://hub.test:8443/v2/a/blobs/uploads/1?_state=x%3D");
    EXPECT_EQ(upload_place(asked, "//hub.test:8443/u")->url.str(), "https://hub.test:8443/u");
    EXPECT_EQ(upload_place(asked, "1")->url.str(), "https://hub.test:8443/v2/a/blobs/uploads/1");
}

TEST(UploadPlace, MendsTheInnerSchemeAndPortOfTheSameHost) {
    auto place = upload_place(url("https://hub.test:8443/v2/"), "http://hub.test/v2/a?s=1");
    EXPECT_EQ(place->url.str(), "https://hub.test:8443/v2/a?s=1");
    EXPECT_TRUE(place->mended);
    EXPECT_FALSE(upload_place(url("https://hub.test/v2/"), "https://hub.test/v2/a")->mended);
}

TEST(UploadPlace, RefusesToLeakAndToLeadInside) {
    auto asked = url("https://hub.test/v2/");
    for (const char* text : {"", "http://other.test/u", "https://u:p@hub.test/u", "https://127.0.0.1/u",
                             "https://169.254.169.254/u", "ftp://hub.test/u"})
        EXPECT_FALSE(upload_place(asked, text)) << text;
}

TEST(UploadPlace, AddsTheDigestToWhateverQueryThereIs) {
    EXPECT_EQ(with_digest(url("https://h.test/u"), "sha256:ab").str(), "https://h.test/u?digest=sha256%3Aab");
    EXPECT_EQ(with_digest(url("https://h.test/u?a=%2B"), "sha256:ab").str(),
              "https://h.test/u?a=%2B&digest=sha256%3Aab");
}

TEST(RetryAfter, ReadsSecondsAndDates) {
    auto with = [](const char* text) { return net::Response{.headers = {{"retry-after", text}}}; };
    EXPECT_EQ(retry_after(with("7"), 0), 7);
    EXPECT_EQ(retry_after(with("Sun, 06 Nov 1994 08:49:37 GMT"), 784111770), 7);
    EXPECT_EQ(retry_after(with("Sun, 06 Nov 1994 08:49:37 GMT"), 784111999), 0);
    EXPECT_EQ(retry_after(with("99999999"), 0), 24 * 3600);
    for (const char* text : {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(retry_after(with(text), 784111770), 7) << text;
    EXPECT_EQ(retry_after(with("Friday, 01-Jan-00 00:00:09 GMT"), 4102444800 - 1), 10) << "2100";
    EXPECT_EQ(retry_after(with("7200.5"), 0), 7201);
    EXPECT_EQ(retry_after(with("99999999999999999999"), 0), 24 * 3600);
    net::Response dated{.headers = {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                    {"Date", "Sun, 06 Nov 1994 08:49:07 GMT"}}};
    EXPECT_EQ(retry_after(dated, 0), 30) << "whatever the clock of the node says";
    for (const char* text : {"-1", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov", "7.", ".5", "1e3",
                             "7 days", "Sun Nov  6 08:49:37 1994 CET", "Sun Nov  6 08:49 1994", ""})
        EXPECT_EQ(retry_after(with(text), 0), std::nullopt) << text;
}

TEST(PullsLeft, ReadsTheWindowForm) {
    auto limit = pull_limit({.headers = {{"RateLimit-Remaining", "76;w=21600"}}});
    ASSERT_TRUE(limit);
    EXPECT_EQ(limit->left, 76);
    EXPECT_EQ(limit->window, 21600);
    for (const auto* text : {"", "76", "x;w=21600", "76;w=", "76;v=9", "-1;w=21600", "76;w=0"})
        EXPECT_FALSE(pull_limit({.headers = {{"RateLimit-Remaining", text}}})) << text;
}

}  // namespace
}  // namespace mirrorctl::registry::paging_test
