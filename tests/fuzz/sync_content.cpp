// Manifests as they are copied, and lists of referrers of two sides: the media type in the first line, the
// body behind it.
#include "fuzz/oracle.hpp"
#include "registry/content.hpp"

namespace {

using namespace mirrorctl;

void check(const registry::Part& part) {
    LAW(part.digest.find_first_of("/?#% ") == std::string::npos, part.digest);  // it becomes part of a URL
    LAW(part.size >= 0, part.digest);
}

void check_filter(std::string_view body, const registry::Content& content) {
    auto whole = registry::filter_index(body, [](std::size_t) { return true; });
    LAW(whole.has_value(), body);
    auto again = registry::read_content(*whole, content.media_type);
    LAW(again.has_value() && again->children.size() == content.children.size(), *whole);
    auto none = registry::filter_index(body, [](std::size_t) { return false; });
    LAW(none.has_value(), body);
    auto emptied = registry::read_content(*none, content.media_type);
    LAW(emptied.has_value() && emptied->children.empty() && emptied->subject == content.subject, *none);
}

// What was merged once is merged; nothing is lost of either side.
void check_merge(const std::string& one, const std::string& other) {
    auto both = registry::merge_referrers(one, other);
    if (!both) {
        EXPECT_ERROR(both.error(), ErrorCode::parse);
        return;
    }
    auto same = registry::merge_referrers(one, one);
    LAW(same.has_value() && *same == one, one);
    for (const auto& part : {one, other}) {
        auto again = registry::merge_referrers(*both, part);
        LAW(again.has_value() && *again == *both, part, "\n", *both);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = fuzz::view_of(data, size);
    auto type = input.substr(0, input.find('\n'));
    std::string body(type.size() < input.size() ? input.substr(type.size() + 1) : std::string_view());
    auto content = registry::read_content(body, type);
    if (!content) {
        EXPECT_ERROR(content.error(), ErrorCode::parse, ErrorCode::unsupported_layout);
    } else {
        for (const auto& part : content->children) check(part);
        for (const auto& part : content->blobs) check(part);
        check({.media_type = {}, .digest = content->subject});
        if (content->index) check_filter(body, *content);
        registry::Referrer referrer{
            .part = {.media_type = content->media_type, .digest = cat("sha256:", std::string(64, 'a'))},
            .artifact_type = content->artifact_type,
            .annotations = content->annotations};
        auto list = registry::list_referrer(referrer);
        LAW(registry::read_content(list, "application/vnd.oci.image.index.v1+json").has_value(), list);
        check_merge(body, list);
        check_merge(list, body);
    }
    (void)registry::read_config_platform(body);
    return 0;
}
