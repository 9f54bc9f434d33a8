// Manifests as a copy sees them, and what registries say when they refuse.
#include "registry/content.hpp"

#include "base/strings.hpp"
#include "registry/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mirrorctl::registry::content_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";
constexpr const char* kImage = "application/vnd.oci.image.manifest.v1+json";

std::string digest(char c) {
    return cat("sha256:", std::string(64, c));
}
std::string part(char c, const std::string& more = "") {
    return cat(R"({"mediaType":"x/y","digest":")", digest(c), R"(","size":3)", more, "}");
}

TEST(Content, TakesChildrenWithoutPlatformAndAttestations) {
    auto note = cat(
        R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":")",
        digest('a'), R"("})");
    auto content = read_content(cat(R"({"schemaVersion":2,"manifests":[)",
                                    part('a', R"(,"platform":{"os":"linux","architecture":"arm64"})"), ",",
                                    part('b'), ",", part('c', note), "]}"),
                                kIndex);
    ASSERT_TRUE(content);
    ASSERT_EQ(content->children.size(), 3U);
    EXPECT_EQ(content->children[0].platform.architecture, "arm64");
    EXPECT_FALSE(content->children[1].has_platform);
    EXPECT_EQ(content->children[2].attests, digest('a'));
}

TEST(Content, KnowsForeignLayersRepeatedBlobsSubjectsAndSha512) {
    auto long_digest = cat("sha512:", std::string(128, 'f'));
    auto content = read_content(
        cat(R"({"schemaVersion":2,"config":)", part('a'), R"(,"layers":[)",
            part('b', R"(,"urls":["https://x.test"])"), ",", part('c'), ",", part('c'),
            R"(,{"mediaType":"z","digest":")", long_digest, R"(","size":0}],"subject":)", part('d'), "}"),
        kImage);
    ASSERT_TRUE(content);
    ASSERT_EQ(content->blobs.size(), 4U);
    EXPECT_TRUE(content->blobs[1].external);
    EXPECT_EQ(content->blobs[3].digest, long_digest);
    EXPECT_EQ(content->subject, digest('d'));
}

TEST(Content, RefusesSchema1AndAmbiguity) {
    EXPECT_THAT(
        read_content(R"({"schemaVersion":1})", "application/vnd.docker.distribution.manifest.v1+prettyjws")
            .error()
            .message,
        HasSubstr("schema 1"));
    EXPECT_FALSE(read_content(cat(R"({"manifests":[],"layers":[)", part('a'), "]}"), kIndex));
    EXPECT_FALSE(read_content(R"({"mediaType":"application/other"})", kImage));
    EXPECT_FALSE(read_content(R"({"layers":[{"digest":"sha256:../x","size":1}]})", kImage));
}

TEST(Content, AFilterKeepsTheOrderAndEveryOtherMember) {
    auto text = cat(R"({"zeta":1,"manifests":[)", part('a'), ",", part('b', R"(,"odd":true)"),
                    R"(],"annotations":{"k":"v"}})");
    auto filtered = filter_index(text, [](std::size_t i) { return i == 1; });
    ASSERT_TRUE(filtered);
    EXPECT_LT(filtered->find("zeta"), filtered->find("manifests"));
    EXPECT_THAT(*filtered, testing::AllOf(HasSubstr("\"odd\": true"), HasSubstr("\"k\": \"v\""),
                                          Not(HasSubstr(digest('a')))));
}

TEST(Content, TagsMayBeNullAndStrangeOnesAreLeftOut) {
    EXPECT_THAT(*parse_tags(R"({"tags":["v1","../x","",7,"-a","b_1.2"]})"), ElementsAre("v1", "b_1.2"));
    EXPECT_TRUE(parse_tags(R"({"name":"a","tags":null})")->empty());
    EXPECT_FALSE(parse_tags("<html>"));
}

TEST(Content, AReferrerIsAddedOnce) {
    Referrer referrer{.part = {.media_type = kImage, .digest = digest('a'), .size = 5},
                      .artifact_type = "t/x",
                      .annotations = R"({"k":"v"})"};
    auto list = list_referrer(referrer);
    EXPECT_THAT(list, testing::AllOf(HasSubstr(R"("artifactType":"t/x")"), HasSubstr(R"("k":"v")")));
    EXPECT_EQ(*merge_referrers(list, list), list);
    std::string theirs = R"({"annotations":{"of":"theirs"}, "manifests":[{"digest":"sha256:x","odd":1}]})";
    auto both = merge_referrers(theirs, list);
    ASSERT_TRUE(both);
    EXPECT_THAT(*both, testing::AllOf(HasSubstr(R"("of":"theirs")"), HasSubstr(R"("odd":1)"),
                                      HasSubstr(digest('a'))));
    EXPECT_EQ(*merge_referrers(*both, list), *both);
    EXPECT_EQ(*merge_referrers(*both, theirs), *both);
    EXPECT_FALSE(merge_referrers(R"({"layers":[]})", list));
    EXPECT_FALSE(merge_referrers(list, "<html>"));
}

net::Answer answer(int status, const char* body, std::vector<net::Header> headers = {}) {
    net::Answer out;
    out.status = status;
    out.headers = std::move(headers);
    out.body = body;
    return out;
}
Error push_refusal(const net::Answer& said) {
    return refusal({.what = "push refused: hub.test/team/app",
                    .host = "hub.test",
                    .repository = "team/app",
                    .login = "",
                    .push = true},
                   said);
}

TEST(Refusal, HarborsMissingProjectIsNamed) {
    auto error = push_refusal(
        answer(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"project team not found"}]})"));
    EXPECT_THAT(error.message, HasSubstr("project team does not exist on hub.test"));
    EXPECT_THAT(error.hint, HasSubstr("--create-project"));
    EXPECT_THAT(push_refusal(answer(401, "", {{"WWW-Authenticate", "Basic realm=\"harbor\""}})).message,
                HasSubstr("not allowed"));
}

TEST(Refusal, SaysQuotaReadOnlyImmutableAndTooLarge) {
    auto quota = push_refusal(answer(
        403,
        R"({"errors":[{"code":"DENIED","message":"adding 5 MiB will exceed the configured upper limit of 1 MiB"}]})"));
    EXPECT_EQ(quota.cause, kQuotaCause);
    EXPECT_THAT(
        push_refusal(answer(403, R"({"errors":[{"message":"The system is in read only mode."}]})")).message,
        HasSubstr("read-only"));
    EXPECT_THAT(push_refusal(answer(412, "")).message, HasSubstr("immutable"));
    EXPECT_THAT(push_refusal(answer(413, "<html>")).hint, HasSubstr("client_max_body_size"));
    EXPECT_THAT(push_refusal(answer(500, "<html>\x1b[2J")).message, Not(HasSubstr("\x1b")));
}

TEST(Refusal, APullQuotaIsNotABurst) {
    EXPECT_TRUE(is_pull_quota(answer(429, "You have reached your unauthenticated pull rate limit.")));
    EXPECT_FALSE(is_pull_quota(answer(429, R"({"errors":[{"code":"TOOMANYREQUESTS"}]})")));
    EXPECT_FALSE(is_pull_quota(answer(429, "slow down")));
}

}  // namespace
}  // namespace mirrorctl::registry::content_test
