// URLs, and where a redirect leads. The input is a URL, a line end, and a Location.
#include "base/url.hpp"

#include "fuzz/oracle.hpp"
#include "registry/requests.hpp"
#include "registry/token.hpp"

namespace {

using namespace mirrorctl;

void check_url(std::string_view text) {
    LAW(mask_secrets(mask_secrets(text)) == mask_secrets(text), text);
    LAW(percent_decode(text).size() <= text.size());
    auto url = parse_url(text);
    if (!url) {
        EXPECT_ERROR(url.error(), ErrorCode::parse);
        return;
    }
    auto again = parse_url(url->str());
    LAW(again && *again == *url, text, "\n", url->str());
    LAW(!url->host.empty() && url->host == lower(url->host), text);
    for (char c : url->str()) LAW(static_cast<unsigned char>(c) > 0x20 && c != 0x7F, text);
    LAW(url->effective_port() > 0 && url->effective_port() <= 65535, text);
    LAW(url->path.empty() || url->path.starts_with('/'), text);
    if (!url->userinfo.empty()) {
        LAW(url->masked().find("***@") != std::string::npos, text);
        LAW(parse_url(url->masked()).has_value(), url->masked());
    }
    LAW(without_trailing_slash(without_trailing_slash(*url)) == without_trailing_slash(*url), text);
}

void check_redirect(const Url& base, std::string_view location) {
    auto next = resolve_url(base, location);
    if (!next) {
        EXPECT_ERROR(next.error(), ErrorCode::parse);
    } else {
        auto again = parse_url(next->str());
        LAW(again && *again == *next, next->str());
    }
    net::Request request;
    request.url = base;
    request.headers.emplace_back("Authorization", "Bearer secret");
    net::Response response;
    response.status = 307;
    response.headers.emplace_back("Location", std::string(location));
    auto step = registry::follow_redirect(request, response, base, 0);
    if (!step) {
        EXPECT_ERROR(step.error(), ErrorCode::http, ErrorCode::parse);
        return;
    }
    LAW(next.has_value(), location);
    LAW(base.scheme != "https" || step->url.scheme == "https", step->url.str());
    LAW(registry::may_send_to(base.host, step->url.host), step->url.str());
    bool sent = std::any_of(step->headers.begin(), step->headers.end(),
                            [](const auto& header) { return header.first == "Authorization"; });
    LAW(!sent || registry::same_origin(base, step->url), step->url.str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = fuzz::view_of(data, size);
    auto line = input.substr(0, input.find('\n'));
    auto location = line.size() < input.size() ? input.substr(line.size() + 1) : std::string_view();
    check_url(line);
    check_url(location);
    auto base = parse_url(line);
    if (base && base->scheme.starts_with("http")) check_redirect(*base, location);
    return 0;
}
