#include "registry/reference.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::registry {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxTag = 128;

Failure bad(std::string_view text, std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse,
                         .message = cat("not an image reference: ", printable_line(text), ": ", why),
                         .hint = "write it like docker.io/library/busybox:1.36"});
}

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_word(char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// path-component (distribution-spec, "Pulling manifests"): alphanumerics joined by ".", "_", "__" or dashes.
bool is_component(std::string_view part) {
    if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) return false;
    for (std::size_t i = 0; i < part.size();) {
        if (is_lower_alnum(part[i])) {
            ++i;
            continue;
        }
        auto end = std::min(part.find_first_not_of("._-", i), part.size());
        if (end == i) return false;  // neither letter, digit nor separator
        auto separator = part.substr(i, end - i);
        if (separator != "." && separator != "_" && separator != "__" &&
            separator.find_first_not_of('-') != std::string_view::npos)
            return false;
        i = end;
    }
    return true;
}

bool is_repository(std::string_view name) {
    if (name.size() > kMaxName) return false;
    auto parts = split(name, '/');
    return std::all_of(parts.begin(), parts.end(), is_component);
}

bool is_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > kMaxTag || !is_word(tag.front())) return false;
    return std::all_of(tag.begin(), tag.end(), [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

// Letters, digits and what stands between them in names, ports and addresses: a "?" would begin the query of
// a URL.
bool is_host(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_word(c) || std::string_view(".-:[]").find(c) != std::string_view::npos;
    });
}

bool names_host(std::string_view first) {
    return first.find_first_of(".:") != std::string_view::npos || first == "localhost";
}

// Fills tag and digest from the end of `rest` and leaves the name.
Result<std::string_view> take_suffixes(std::string_view text, std::string_view rest, Reference& reference) {
    if (auto at = rest.find('@'); at != std::string_view::npos) {
        reference.digest = std::string(rest.substr(at + 1));
        rest = rest.substr(0, at);
        if (!is_sha256_digest(reference.digest))
            return bad(text, "the digest must be sha256: and 64 hex digits");
    }
    auto colon = rest.rfind(':');
    if (colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
        reference.tag = std::string(rest.substr(colon + 1));
        rest = rest.substr(0, colon);
        if (!is_tag(reference.tag)) return bad(text, "that is not a tag");
    }
    if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
    return rest;
}

Result<Reference> finish(std::string_view text, Reference reference, std::string_view name) {
    if (reference.registry == "index.docker.io" || reference.registry == "registry-1.docker.io")
        reference.registry = "docker.io";
    bool single = name.find('/') == std::string_view::npos;
    reference.repository =
        reference.registry == "docker.io" && single ? cat("library/", name) : std::string(name);
    if (is_repository(reference.repository)) return reference;
    auto refused = bad(text, "a repository has lower-case letters, digits and single separators").value();
    auto small = lower(reference.repository);
    if (is_repository(small))
        refused.hint = cat("write it in small letters: ", reference.registry, "/", small);
    return Failure(std::move(refused));
}

}  // namespace

std::string Reference::str() const {
    return cat(registry, "/", repository, tag.empty() ? "" : ":" + tag, digest.empty() ? "" : "@" + digest);
}

Result<Reference> parse_reference(std::string_view text) {
    Reference reference;
    auto rest = text;
    auto slash = text.find('/');
    reference.registry = "docker.io";
    if (slash != std::string_view::npos && names_host(text.substr(0, slash))) {
        auto host = parse_url(cat("https://", text.substr(0, slash)));
        if (!host || !host->userinfo.empty() || !is_host(text.substr(0, slash)))
            return bad(text, "the registry is not a host name");
        reference.registry = lower(text.substr(0, slash));
        rest = text.substr(slash + 1);
    }
    TRY_ASSIGN(auto name, take_suffixes(text, rest, reference));
    return finish(text, std::move(reference), name);
}

Result<Reference> parse_canary(std::string_view upstream, std::string_view image, std::string_view digest) {
    auto prefix = cat(upstream, "/");
    auto relative = image.starts_with(prefix) ? image.substr(prefix.size()) : image;
    Reference reference{.registry = std::string(upstream), .repository = {}};
    TRY_ASSIGN(auto name, take_suffixes(image, relative, reference));
    if (!digest.empty()) {
        if (!is_sha256_digest(digest)) return bad(digest, "the digest must be sha256: and 64 hex digits");
        reference.digest = std::string(digest);
    }
    return finish(image, std::move(reference), name);
}

}  // namespace mirrorctl::registry
