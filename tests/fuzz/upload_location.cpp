// Upload Locations: never from https to http, never with credentials, and the query stays as it was sent.
#include "fuzz/oracle.hpp"
#include "registry/location.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    static const Url kAsked = *parse_url("https://hub.test:8443/v2/a/blobs/uploads/");
    auto place = registry::upload_place(kAsked, text);
    if (!place) return 0;
    LAW(place->url.scheme == "https" && place->url.userinfo.empty(), text);
    LAW(place->url.query.empty() || text.find(place->url.query) != std::string_view::npos, text);
    auto closing = registry::with_digest(place->url, "sha256:ab");
    LAW(closing.query.starts_with(place->url.query) && closing.query.ends_with("digest=sha256%3Aab"), text);
    return 0;
}
