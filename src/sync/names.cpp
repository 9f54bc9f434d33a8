#include "sync/names.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "registry/reference.hpp"
#include "sync/tag_pattern.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

namespace mirrorctl::sync {

namespace {

Failure bad(std::string message, std::string hint = {}) {
    return Failure(Error{.code = ErrorCode::parse, .message = std::move(message), .hint = std::move(hint)});
}

bool is_digest(std::string_view text) {
    constexpr std::string_view kLonger = "sha512:";
    if (!text.starts_with(kLonger)) return is_sha256_digest(text);
    auto hex = text.substr(kLonger.size());
    return hex.size() == 128 && hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Where the tags begin: behind the last colon, unless that belongs to a port.
std::size_t tags_at(std::string_view text) {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find('/', colon) != std::string_view::npos)
        return std::string_view::npos;
    return colon;
}

Result<Location> parse_name(std::string_view name) {
    if (trim(name).empty()) return bad("a repository is missing", "write it like docker.io/library/busybox");
    TRY_ASSIGN(auto reference, registry::parse_reference(name));
    auto host = registry_name(reference.registry);
    bool moved = host == "docker.io" && reference.registry != host &&
                 reference.repository.find('/') == std::string::npos;
    return Location{.registry = host,
                    .repository = moved ? "library/" + reference.repository : reference.repository};
}

Result<std::vector<std::string>> parse_tags(std::string_view text) {
    std::vector<std::string> tags;
    for (const auto& part : split(text, ',')) {
        std::string tag(trim(part));
        if (!registry::parse_reference("x:" + tag))
            return bad(cat("not a tag: \"", printable_line(tag, 140), "\""),
                       "a tag has letters, digits, '.', '_' and '-', at most 128; a pattern stands between "
                       "slashes: NAME:/^1\\.2/");
        if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
    }
    return tags;
}

Result<Selector> parse_regex(std::string_view text) {
    if (text.size() < 2 || text.back() != '/')
        return bad(cat("a regular expression without its closing slash: ", printable_line(text, 80)),
                   "write NAME:/REGEX/");
    auto inside = text.substr(1, text.size() - 2);
    if (inside.empty()) return bad("an empty regular expression: //", "leave the tag out to take all tags");
    TRY_ASSIGN(auto pattern, TagPattern::parse(inside));
    auto shared = std::make_shared<const TagPattern>(std::move(pattern));
    return Selector{.kind = Selector::Kind::pattern,
                    .pattern = std::string(inside),
                    .matches = [shared](std::string_view tag) { return shared->matches(tag); }};
}

Result<SourceText> with_digest(std::string_view name, std::string_view digest) {
    if (!is_digest(digest))
        return bad(cat("not a digest: ", printable_line(digest, 100)),
                   "a digest is sha256: and 64 hex digits");
    Selector selector{.kind = Selector::Kind::digest, .digest = std::string(digest)};
    if (auto colon = tags_at(name); colon != std::string_view::npos) {
        TRY_ASSIGN(auto tags, parse_tags(name.substr(colon + 1)));
        if (tags.size() != 1) return bad("several tags beside a digest: a digest is one image");
        selector.tag = tags.front();
        name = name.substr(0, colon);
    }
    TRY_ASSIGN(auto location, parse_name(name));
    return SourceText{.location = std::move(location), .selector = std::move(selector)};
}

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

Result<std::string> value_of(const std::string& name, const ReadVariable& variable) {
    if (auto value = variable(name.c_str())) return *value;
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("an environment variable is not set: ", printable_line(name, 60)),
                         .hint = cat("export ", printable_line(name, 60), "=...")});
}

// A destination has no other use for a dollar.
Result<std::string> expand_all(std::string_view text, const ReadVariable& variable) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '$') {
            out += text[i++];
            continue;
        }
        bool braces = text.substr(i + 1).starts_with("{");
        auto begin = i + (braces ? 2 : 1);
        auto end = begin;
        while (end < text.size() && is_name_character(text[end])) ++end;
        if (end == begin || (braces && (end >= text.size() || text[end] != '}')))
            return bad("a $ that names no variable", "write $NAME or ${NAME}");
        TRY_ASSIGN(auto value, value_of(std::string(text.substr(begin, end - begin)), variable));
        out += value;
        i = end + (braces ? 1 : 0);
    }
    return out;
}

}  // namespace

std::string registry_name(std::string_view host) {
    static constexpr std::array<std::string_view, 4> kHub{"index.docker.io", "registry-1.docker.io",
                                                          "registry.hub.docker.com", "hub.docker.com"};
    auto name = lower(host);
    return std::find(kHub.begin(), kHub.end(), name) != kHub.end() ? "docker.io" : name;
}

bool names_registry(std::string_view first) {
    return first.find_first_of(".:") != std::string_view::npos || first == "localhost";
}

Result<SourceText> parse_source(std::string_view given) {
    auto text = trim(given);
    if (text.empty())
        return bad("an empty source", "name a repository, like quay.io/coreos/etcd or nginx:1.27");
    auto regex = text.find(":/");
    if (regex != std::string_view::npos && text.substr(0, regex).find("://") == std::string_view::npos &&
        !text.substr(regex).starts_with("://")) {
        TRY_ASSIGN(auto location, parse_name(text.substr(0, regex)));
        TRY_ASSIGN(auto selector, parse_regex(text.substr(regex + 1)));
        return SourceText{.location = std::move(location), .selector = std::move(selector)};
    }
    if (text.find("://") != std::string_view::npos)
        return bad(cat("a URL where an image is named: ", printable_line(text, 100)),
                   "leave https:// out; `insecure` of the login file allows plain http");
    if (auto at = text.find('@'); at != std::string_view::npos)
        return with_digest(text.substr(0, at), text.substr(at + 1));
    SourceText source;
    if (auto colon = tags_at(text); colon != std::string_view::npos) {
        source.selector.kind = Selector::Kind::tags;
        TRY_ASSIGN(source.selector.tags, parse_tags(text.substr(colon + 1)));
        text = text.substr(0, colon);
    }
    TRY_ASSIGN(source.location, parse_name(text));
    return source;
}

Result<DestinationText> parse_destination(std::string_view given, const ReadVariable& variable) {
    TRY_ASSIGN(auto expanded, expand_all(trim(given), variable));
    std::string_view text = expanded;
    if (text.empty()) return bad("an empty destination", "name a repository, like hub.example.com/team/app");
    if (text.find("://") != std::string_view::npos)
        return bad(cat("a URL where an image is named: ", printable_line(text, 100)), "leave https:// out");
    if (text.find(":/") != std::string_view::npos)
        return bad(cat("a regular expression in a destination: ", printable_line(text, 100)),
                   "a destination has a tag of its own, or keeps the source's");
    if (text.find('/') == std::string_view::npos && names_registry(text.substr(0, tags_at(text))))
        return bad(cat("a registry without a repository: ", printable_line(text, 100)),
                   "name a repository too, like hub.example.com/team/app");
    DestinationText destination;
    if (auto at = text.find('@'); at != std::string_view::npos) {
        destination.digest = std::string(text.substr(at + 1));
        if (!is_digest(destination.digest))
            return bad(cat("not a digest: ", printable_line(destination.digest, 100)));
        text = text.substr(0, at);
    }
    if (auto colon = tags_at(text); colon != std::string_view::npos) {
        TRY_ASSIGN(destination.tags, parse_tags(text.substr(colon + 1)));
        text = text.substr(0, colon);
    }
    TRY_ASSIGN(destination.location, parse_name(text));
    return destination;
}

Result<std::string> expand_whole(const std::string& text, const ReadVariable& variable) {
    std::string_view name = text;
    if (!name.starts_with('$')) return text;
    name.remove_prefix(1);
    if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
    bool is_name = !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
                   std::all_of(name.begin(), name.end(), is_name_character);
    if (!is_name) return text;
    return value_of(std::string(name), variable);
}

}  // namespace mirrorctl::sync
