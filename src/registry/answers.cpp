// The JSON that registries and token servers send: the only place of this folder that knows the JSON library.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "registry/json_text.hpp"
#include "registry/manifest.hpp"
#include "registry/token.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace mirrorctl::registry {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxTokenChars = 16 * 1024;  // what servers take in one header line
constexpr double kShortestGrant = 60;              // token.md: clients must not assume less
constexpr double kLongestGrant = 24 * 3600;
constexpr std::size_t kMaxChildren = 1000;
constexpr std::size_t kMaxLayers = 512;
constexpr std::int64_t kMaxBlobBytes = 1LL << 42U;  // 4 TiB: more is nonsense and would overflow sums

std::optional<json> read_object(std::string_view text) {
    if (is_unreasonable_json(text)) return std::nullopt;
    auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

std::string string_at(const json& object, const char* key) {
    auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

Failure bad(std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse, .message = cat("manifest not read: ", why)});
}

Failure unsupported(std::string_view why) {
    return Failure(
        Error{.code = ErrorCode::unsupported_layout, .message = cat("manifest not usable: ", why)});
}

Result<Descriptor> read_descriptor(const json& value) {
    if (!value.is_object()) return bad("a descriptor is not an object");
    Descriptor out{.media_type = string_at(value, "mediaType"), .digest = string_at(value, "digest")};
    if (!is_sha256_digest(out.digest)) return bad("a descriptor has no sha256 digest");
    auto size = value.find("size");
    bool whole = size != value.end() && size->is_number_integer();
    if (!whole || (size->is_number_unsigned() &&
                   size->get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxBlobBytes)))
        return bad("a descriptor has no possible size");
    out.size = size->get<std::int64_t>();
    if (out.size < 0) return bad("a descriptor has no possible size");
    return out;
}

Platform read_platform(const json& entry) {
    auto it = entry.find("platform");
    if (it == entry.end() || !it->is_object()) return {};
    return {.os = string_at(*it, "os"),
            .architecture = string_at(*it, "architecture"),
            .variant = string_at(*it, "variant"),
            .os_version = string_at(*it, "os.version")};
}

Result<Document> read_index(const json& root) {
    auto children = root.find("manifests");
    if (children == root.end() || !children->is_array()) return bad("an index without a list of manifests");
    if (children->size() > kMaxChildren) return bad("an index with more than 1000 children");
    Index index;
    for (const auto& child : *children) {
        auto digest = child.is_object() ? string_at(child, "digest") : std::string{};
        // Children with another algorithm (sha512) are legal; they are not ours to pull.
        if (!digest.empty() && !digest.starts_with("sha256:")) continue;
        TRY_ASSIGN(auto descriptor, read_descriptor(child));
        index.entries.push_back({.descriptor = std::move(descriptor), .platform = read_platform(child)});
    }
    return Document(std::move(index));
}

Result<Document> read_image(const json& root) {
    auto config = root.find("config");
    auto layers = root.find("layers");
    if (config == root.end()) return bad("an image without config");
    if (layers == root.end() || !layers->is_array()) return bad("an image without a list of layers");
    if (layers->size() > kMaxLayers) return bad("an image with more than 512 layers");
    ImageManifest image;
    TRY_ASSIGN(image.config, read_descriptor(*config));
    for (const auto& layer : *layers) {
        TRY_ASSIGN(auto descriptor, read_descriptor(layer));
        image.layers.push_back(std::move(descriptor));
    }
    return Document(std::move(image));
}

std::string bare_type(std::string_view content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

Result<Document> parse_manifest(std::string_view body, std::string_view content_type) {
    if (static_cast<std::int64_t>(body.size()) > kMaxManifestBytes) return bad("more than 4 MiB");
    auto root = read_object(body);
    if (!root) return bad("not a JSON object of sane depth and size");
    auto type = bare_type(content_type);
    auto inner = string_at(*root, "mediaType");
    if (!is_manifest_type(type)) return unsupported(cat("media type ", printable_line(type, 80)));
    // distribution-spec, "Pulling manifests": a mediaType inside must match the Content-Type header.
    if (!inner.empty() && bare_type(inner) != type)
        return unsupported(cat("the header says ", type, ", the text ", printable_line(inner, 80)));
    bool index =
        type.find("manifest.list") != std::string::npos || type.find("image.index") != std::string::npos;
    // The ambiguity of CVE-2021-41190: a document that is both must not be read as either.
    if (root->contains("manifests") && root->contains("layers"))
        return unsupported("it is an index and an image at once");
    return index ? read_index(*root) : read_image(*root);
}

Result<Grant> parse_grant(std::string_view body) {
    auto refuse = [](std::string_view why) {
        return Failure(Error{.code = ErrorCode::parse,
                             .message = cat("token not read: answer of the token server: ", why)});
    };
    if (static_cast<std::int64_t>(body.size()) > kMaxTokenBytes) return refuse("too long");
    auto root = read_object(body);
    if (!root) return refuse("not a JSON object");
    auto token = string_at(*root, "token");
    if (token.empty()) token = string_at(*root, "access_token");
    if (token.empty()) return refuse("it has no token");
    bool clean = token.size() <= kMaxTokenChars &&
                 std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!clean) return refuse("the token has characters that no header may hold");
    Grant grant{.token = std::move(token)};
    if (auto seconds = root->find("expires_in"); seconds != root->end() && seconds->is_number())
        grant.seconds = std::clamp(seconds->get<double>(), kShortestGrant, kLongestGrant);
    return grant;
}

Result<std::string> parse_token(std::string_view body) {
    TRY_ASSIGN(auto grant, parse_grant(body));
    return std::move(grant.token);
}

}  // namespace mirrorctl::registry
