#include "registry/manifest.hpp"

#include "base/strings.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::registry::manifest_test {
namespace {

constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr const char* kImageType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kDockerType = "application/vnd.docker.distribution.manifest.v2+json";

std::string digest(char c) {
    return "sha256:" + std::string(64, c);
}

std::string child(char id, const std::string& platform) {
    return cat(R"({"mediaType":")", kImageType, R"(","digest":")", digest(id), R"(","size":500)",
               platform.empty() ? "" : R"(,"platform":)" + platform, "}");
}

std::string platform(const std::string& os, const std::string& arch, const std::string& variant = "") {
    return cat(R"({"os":")", os, R"(","architecture":")", arch, "\"",
               variant.empty() ? "" : R"(,"variant":")" + variant + "\"", "}");
}

std::string index(const std::vector<std::string>& children) {
    return R"({"schemaVersion":2,"manifests":[)" + join(children, ",") + "]}";
}

Index parse_index(const std::vector<std::string>& children) {
    auto parsed = parse_manifest(index(children), kIndexType);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return std::get<Index>(*parsed);
}

TEST(Manifest, ReadsAnImage) {
    auto text =
        cat(R"({"schemaVersion":2,"config":{"mediaType":"c","digest":")", digest('a'),
            R"(","size":10},"layers":[{"mediaType":"l","digest":")", digest('b'), R"(","size":20}]})");
    auto parsed = parse_manifest(text, cat(kDockerType, "; charset=utf-8"));
    ASSERT_TRUE(parsed) << parsed.error().message;
    const auto& image = std::get<ImageManifest>(*parsed);
    EXPECT_EQ(image.config.digest, digest('a'));
    ASSERT_EQ(image.layers.size(), 1U);
    EXPECT_EQ(image.layers[0].size, 20);
}

TEST(Manifest, RefusesWhatCannotBe) {
    auto image = [](const std::string& size, const std::string& dig) {
        return cat(R"({"config":{"digest":")", dig, R"(","size":)", size, R"(},"layers":[]})");
    };
    EXPECT_TRUE(parse_manifest(image("1", digest('a')), kImageType));
    for (const char* size :
         {"-1", "1.5", "\"1\"", "null", "9999999999999999999", "18446744073709551615", "99999999999999"})
        EXPECT_FALSE(parse_manifest(image(size, digest('a')), kImageType)) << size;
    for (const auto& bad : {std::string("sha256:xyz"), "sha256:" + std::string(64, 'A'), std::string(),
                            "sha512:" + std::string(128, 'a')})
        EXPECT_FALSE(parse_manifest(image("1", bad), kImageType)) << bad;
    for (const char* text :
         {"", "[]", "{", "{}", R"({"layers":[]})", "<html></html>", R"({"config":{},"layers":{}})"})
        EXPECT_FALSE(parse_manifest(text, kImageType)) << text;
    EXPECT_FALSE(parse_manifest("{}", "text/html"));
    EXPECT_FALSE(parse_manifest("{}", "application/vnd.docker.distribution.manifest.v1+prettyjws"));
    EXPECT_FALSE(parse_manifest(cat(R"({"mediaType":")", kIndexType, R"(","config":{"digest":")", digest('a'),
                                    R"(","size":1},"layers":[]})"),
                                kImageType))
        << "the media type inside contradicts the header";
    EXPECT_FALSE(parse_manifest(R"({"manifests":[],"layers":[],"config":{}})", kIndexType))
        << "both an index and an image";
}

TEST(Manifest, IsBounded) {
    EXPECT_FALSE(parse_manifest(std::string(5 << 20, ' ') + "{}", kImageType));
    EXPECT_FALSE(
        parse_manifest(R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}", kImageType));
    std::vector<std::string> many(1001, child('a', ""));
    EXPECT_FALSE(parse_manifest(index(many), kIndexType));
}

TEST(PickPlatform, Table) {
    struct Case {
        std::vector<std::string> children;
        Platform wanted;
        char expected;  // '-' = nothing
    };
    const auto attestation = child('e', platform("unknown", "unknown"));
    const std::vector<Case> cases{
        {{attestation, child('a', platform("linux", "arm64", "v8")), child('b', platform("linux", "amd64"))},
         {"linux", "amd64"},
         'b'},
        {{attestation, child('a', platform("linux", "arm64", "v8"))}, {"linux", "arm64"}, 'a'},
        {{child('a', platform("linux", "arm64"))}, {"linux", "arm64", "v8"}, 'a'},
        {{child('a', platform("linux", "arm", "v5")), child('b', platform("linux", "arm", "v6"))},
         {"linux", "arm", "v7"},
         'b'},
        {{child('a', platform("linux", "arm", "v7")), child('b', platform("linux", "arm", "v6"))},
         {"linux", "arm", "v6"},
         'b'},
        {{child('a', platform("linux", "arm", "v7"))}, {"linux", "arm", "v6"}, '-'},
        {{child('a', platform("linux", "amd64", "v3")), child('b', platform("linux", "amd64"))},
         {"linux", "amd64"},
         'b'},
        {{child('a', platform("windows", "amd64"))}, {"linux", "amd64"}, '-'},
        {{attestation}, {"linux", "amd64"}, '-'},
        {{child('a', "")}, {"linux", "amd64"}, 'a'},
        {{child('a', ""), child('b', "")}, {"linux", "amd64"}, '-'},
        {{}, {"linux", "amd64"}, '-'},
    };
    for (std::size_t i = 0; i < cases.size(); ++i) {
        auto picked = pick_platform(parse_index(cases[i].children), cases[i].wanted);
        EXPECT_EQ(picked ? picked->digest : "-", cases[i].expected == '-' ? "-" : digest(cases[i].expected))
            << "case " << i;
    }
}

TEST(PickPlatform, SaysWhatThereIs) {
    auto picked = pick_platform(
        parse_index({child('a', platform("linux", "s390x")), child('b', platform("linux", "arm", "v7"))}),
        {"linux", "amd64"});
    ASSERT_FALSE(picked);
    EXPECT_NE(picked.error().message.find("linux/arm/v7, linux/s390x"), std::string::npos)
        << picked.error().message;
}

TEST(PickPlatform, ChildrenWithOtherAlgorithmsAreSkipped) {
    auto text = cat(R"({"manifests":[{"digest":"sha512:ab","size":1},)",
                    child('a', platform("linux", "amd64")), "]}");
    auto parsed = parse_manifest(text, kIndexType);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(std::get<Index>(*parsed).entries.size(), 1U);
}

}  // namespace
}  // namespace mirrorctl::registry::manifest_test
