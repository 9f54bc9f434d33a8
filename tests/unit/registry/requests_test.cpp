#include "registry/requests.hpp"

#include <gtest/gtest.h>

namespace mirrorctl::registry::requests_test {
namespace {

Endpoint endpoint(const std::string& url, MirrorForm form, const std::string& upstream = "docker.io") {
    return {.mirror = {.url = *parse_url(url), .form = form, .operator_name = {}}, .upstream = upstream};
}

std::string header(const net::Request& request, const std::string& name) {
    for (const auto& [key, value] : request.headers)
        if (key == name) return value;
    return "";
}

TEST(Requests, UrlPerForm) {
    struct Case {
        std::string url;
        MirrorForm form;
        std::string upstream;
        std::string repository;
        std::string expected;
    };
    const std::vector<Case> cases{
        {"https://m.example", MirrorForm::host, "docker.io", "library/busybox",
         "https://m.example/v2/library/busybox/manifests/1?ns=docker.io"},
        {"https://m.example/v2/docker.io", MirrorForm::prefix, "docker.io", "library/busybox",
         "https://m.example/v2/docker.io/library/busybox/manifests/1?ns=docker.io"},
        {"https://m.example/mirror", MirrorForm::base, "docker.io", "library/busybox",
         "https://m.example/mirror/v2/library/busybox/manifests/1?ns=docker.io"},
        {"https://m.example/v2/google_containers", MirrorForm::flat, "registry.k8s.io", "coredns/coredns",
         "https://m.example/v2/google_containers/coredns/manifests/1?ns=registry.k8s.io"},
        {"https://registry-1.docker.io", MirrorForm::host, "docker.io", "library/busybox",
         "https://registry-1.docker.io/v2/library/busybox/manifests/1"},
        {"https://ghcr.io", MirrorForm::host, "ghcr.io", "a/b", "https://ghcr.io/v2/a/b/manifests/1"},
        {"https://ghcr.io:8443", MirrorForm::host, "ghcr.io", "a/b",
         "https://ghcr.io:8443/v2/a/b/manifests/1?ns=ghcr.io"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(manifest_request(endpoint(c.url, c.form, c.upstream), c.repository, "1").url.str(),
                  c.expected);
}

TEST(Requests, ManifestAsksForAllFourTypesAndBlobForItsRange) {
    auto manifest = manifest_request(endpoint("https://m.example", MirrorForm::host), "a/b", "1");
    for (const char* type :
         {"docker.distribution.manifest.v2+json", "docker.distribution.manifest.list.v2+json",
          "oci.image.manifest.v1+json", "oci.image.index.v1+json"})
        EXPECT_NE(header(manifest, "Accept").find(type), std::string::npos) << type;
    EXPECT_EQ(header(manifest, "Accept-Encoding"), "");
    auto blob = blob_request(endpoint("https://m.example", MirrorForm::host), "a/b", "sha256:x",
                             ByteRange{.first = 5, .last = 9});
    EXPECT_EQ(header(blob, "Range"), "bytes=5-9");
    EXPECT_EQ(blob.url.str(), "https://m.example/v2/a/b/blobs/sha256:x?ns=docker.io");
}

net::Request authorized(const std::string& url) {
    net::Request request{.url = *parse_url(url)};
    request.headers = {{"Authorization", "Bearer t"}, {"Range", "bytes=0-1"}};
    return request;
}

Result<net::Request> redirect(const std::string& from, const std::string& to, int hops = 0) {
    net::Response response{.status = 307, .headers = {{"location", to}}};
    auto request = authorized(from);
    return follow_redirect(request, response, *parse_url(from), hops);
}

TEST(Redirect, RulesTable) {
    struct Case {
        std::string from;
        std::string to;
        bool followed;
        bool keeps_authorization;
    };
    const std::vector<Case> cases{
        {"https://a.example/v2/x", "https://a.example/y", true, true},
        {"https://a.example/v2/x", "/y?sig=a%2Fb", true, true},
        {"https://a.example/v2/x", "https://a.example:443/y", true, true},
        {"https://a.example/v2/x", "https://a.example:8443/y", true, false},
        {"https://a.example/v2/x", "https://cdn.example/y", true, false},
        {"https://a.example/v2/x", "//cdn.example/y", true, false},
        {"http://a.example/v2/x", "https://a.example/y", true, false},
        {"https://a.example/v2/x", "http://a.example/y", false, false},
        {"https://a.example/v2/x", "ftp://a.example/y", false, false},
        {"https://a.example/v2/x", "file:///etc/passwd", false, false},
        {"https://a.example/v2/x", "https://u:p@cdn.example/y", false, false},
        {"https://a.example/v2/x", "https://127.0.0.1/y", false, false},
        {"https://a.example/v2/x", "https://169.254.169.254/latest", false, false},
        {"https://a.example/v2/x", "https://10.0.0.7/y", true, false},
        {"http://127.0.0.1:5000/v2/x", "http://127.0.0.1:5001/y", true, false},
    };
    for (const auto& c : cases) {
        auto next = redirect(c.from, c.to);
        ASSERT_EQ(next.has_value(), c.followed) << c.to;
        if (!next) continue;
        EXPECT_EQ(header(*next, "Authorization").empty(), !c.keeps_authorization) << c.to;
        EXPECT_EQ(header(*next, "Range"), "bytes=0-1") << c.to;
    }
}

TEST(Redirect, KeepsSignedQueriesByteForByte) {
    EXPECT_EQ(redirect("https://a.example/v2/x", "https://cdn.example/y?sig=a%2Fb%3D&E=1")->url.str(),
              "https://cdn.example/y?sig=a%2Fb%3D&E=1");
}

TEST(Redirect, IsBounded) {
    EXPECT_TRUE(redirect("https://a.example/x", "https://b.example/y", 4));
    EXPECT_FALSE(redirect("https://a.example/x", "https://b.example/y", 5));
    net::Response none{.status = 307};
    auto request = authorized("https://a.example/x");
    EXPECT_FALSE(follow_redirect(request, none, request.url, 0));
}

TEST(Redirect, ForbidsSpecialAddressesBehindNames) {
    EXPECT_FALSE(redirect("https://a.example/x", "https://cdn.example/y")->allow_special_addresses);
    EXPECT_TRUE(redirect("http://localhost:5000/x", "http://cdn.example/y")->allow_special_addresses);
}

TEST(ContentRange, Table) {
    auto ok = parse_content_range("bytes 5-9/100");
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->first, 5);
    EXPECT_EQ(ok->last, 9);
    EXPECT_EQ(ok->total, 100);
    EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, -1);
    for (const char* bad : {"", "bytes", "bytes */100", "bytes 9-5/100", "bytes 0-100/100", "items 0-1/2",
                            "bytes -1-2/3", "bytes 0-1"})
        EXPECT_FALSE(parse_content_range(bad)) << bad;
}

}  // namespace
}  // namespace mirrorctl::registry::requests_test
