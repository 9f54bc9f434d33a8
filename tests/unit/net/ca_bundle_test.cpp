#include "net/ca_bundle.hpp"

#include "recorder.hpp"

#include <gmock/gmock.h>

#include <set>

namespace mirrorctl::net::ca_bundle_test {
namespace {

using testing::HasSubstr;

IsReadable only(std::set<std::string> files) {
    return [files = std::move(files)](const std::string& path) { return files.contains(path); };
}

TEST(CaBundle, EverySystemHasItsPlace) {
    const std::pair<const char*, const char*> expected[] = {
        {"Debian", "/etc/ssl/certs/ca-certificates.crt"},
        {"Fedora", "/etc/pki/tls/certs/ca-bundle.crt"},
        {"RHEL from 7", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
        {"Alpine", "/etc/ssl/cert.pem"},
        {"SUSE", "/etc/ssl/ca-bundle.pem"},
        {"SUSE", "/var/lib/ca-certificates/ca-bundle.pem"},
    };
    for (const auto& [system, path] : expected) {
        auto found = find_ca_bundle("", only({path}));
        ASSERT_TRUE(found) << path;
        EXPECT_EQ(*found, path);
        bool named = false;
        for (const auto& place : ca_places())
            named = named || (place.path == path && place.system.find(system) != std::string_view::npos);
        EXPECT_TRUE(named) << system << " " << path;
    }
}

TEST(CaBundle, TheFirstPlaceWins) {
    std::set<std::string> all;
    for (const auto& place : ca_places()) all.emplace(place.path);
    EXPECT_EQ(all.size(), ca_places().size());
    EXPECT_EQ(find_ca_bundle("", only(all)), "/etc/ssl/certs/ca-certificates.crt");
    all.erase("/etc/ssl/certs/ca-certificates.crt");
    EXPECT_EQ(find_ca_bundle("", only(all)), "/etc/pki/tls/certs/ca-bundle.crt");
}

TEST(CaBundle, TheEnvironmentSaysIt) {
    auto files = only({"/etc/ssl/certs/ca-certificates.crt", "/srv/cas.pem"});
    EXPECT_EQ(find_ca_bundle("/srv/cas.pem", files), "/srv/cas.pem");
    auto wrong = find_ca_bundle("/srv/gone.pem", files);  // never quietly another one
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message, "no CA bundle: /srv/gone.pem: named by SSL_CERT_FILE, not readable");
    EXPECT_EQ(wrong.error().hint, "unset SSL_CERT_FILE");
}

TEST(CaBundle, NoneIsAnErrorWithARemedy) {
    auto none = find_ca_bundle("", only({}));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::not_found);
    EXPECT_THAT(none.error().hint, HasSubstr("ca-certificates"));
}

std::string failure_without_cas(const Request& request) {
    CurlTransport transport("/no/such/bundle.pem");
    Recorder recorder;
    transport.start(request, recorder);
    run_all(transport);
    return recorder.response.error ? recorder.response.error->message : "";
}

TEST(CaBundle, OnlyWhatNeedsItFailsWithoutOne) {
    EXPECT_THAT(failure_without_cas(get("https://127.0.0.1:9/")),
                testing::StartsWith("certificate cannot be checked: 127.0.0.1: no CA bundle: /no/such"));
    EXPECT_EQ(failure_without_cas(get("http://127.0.0.1:9/")),
              "could not connect: 127.0.0.1: connection refused");
    auto own = get("https://127.0.0.1:9/");
    own.ca_pem = "a text";
    EXPECT_EQ(failure_without_cas(own), "could not connect: 127.0.0.1: connection refused");
    auto proxied = get("http://127.0.0.1:9/");
    proxied.proxy = "https://127.0.0.1:9";
    EXPECT_THAT(failure_without_cas(proxied), HasSubstr("certificate cannot be checked: the proxy: no CA"));
}

}  // namespace
}  // namespace mirrorctl::net::ca_bundle_test
