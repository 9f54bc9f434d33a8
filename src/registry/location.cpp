#include "registry/location.hpp"

#include "base/strings.hpp"
#include "registry/token.hpp"

namespace mirrorctl::registry {

namespace {

constexpr std::size_t kMaxLocation = 16 * 1024;

Failure refuse(std::string_view location, std::string_view why) {
    auto shown = std::string_view(location).substr(0, location.find('?'));  // the query may be a signature
    return Failure(Error{
        .code = ErrorCode::http,
        .message = cat("upload place not usable: ", mask_secrets(printable_line(shown, 120)), ": ", why)});
}

}  // namespace

Result<UploadPlace> upload_place(const Url& asked, std::string_view location) {
    if (location.empty()) return refuse("(none)", "the answer has no Location");
    if (location.size() > kMaxLocation) return refuse(location, "too long");
    auto target = resolve_url(asked, location);
    if (!target) return refuse(location, target.error().message);
    if (target->scheme != "http" && target->scheme != "https") return refuse(location, "not http or https");
    if (!target->userinfo.empty()) return refuse(location, "it carries credentials");
    UploadPlace place{.url = std::move(*target)};
    bool same_host = place.url.host == asked.host;
    bool downgrade = asked.scheme == "https" && place.url.scheme == "http";
    // A registry that says its own inner port means itself.
    bool inner_port = place.url.scheme == asked.scheme && place.url.port == 0 && asked.port != 0;
    if (same_host && (downgrade || inner_port)) {
        place.url.scheme = asked.scheme;
        place.url.port = asked.port;
        place.mended = true;
        return place;
    }
    if (downgrade) return refuse(location, "from https to plain http");
    if (!may_send_to(asked.host, place.url.host))
        return refuse(location, "an address that only this machine can reach");
    return place;
}

Url with_digest(Url place, std::string_view digest) {
    if (!place.query.empty() && !place.query.ends_with('&')) place.query += '&';
    place.query += cat("digest=", replace_all(std::string(digest), ":", "%3A"));
    return place;
}

}  // namespace mirrorctl::registry
