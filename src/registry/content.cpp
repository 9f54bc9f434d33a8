// The second file of this folder that knows the JSON library: documents that are copied, not run.
#include "registry/content.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "registry/json_text.hpp"
#include "registry/refusal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace mirrorctl::registry {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::int64_t kMaxBlobBytes = 1LL << 42U;
constexpr std::size_t kMaxParts = 4000;
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";

Failure bad(std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse, .message = cat("manifest not read: ", why)});
}
Failure unsupported(std::string_view why, std::string hint = {}) {
    return Failure(Error{.code = ErrorCode::unsupported_layout,
                         .message = cat("manifest not usable: ", why),
                         .hint = std::move(hint)});
}

std::optional<json> read_object(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(kMaxManifestBytes) || is_unreasonable_json(text))
        return std::nullopt;
    auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

std::string text_at(const json& object, const char* key) {
    auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

// distribution-spec "Digests": algorithm ":" encoded.
bool is_digest(std::string_view text) {
    auto colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || text.size() > 300 || colon + 1 == text.size())
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("+._-=:").find(c) != std::string_view::npos;
    });
}

Platform read_platform(const json& value) {
    return {.os = text_at(value, "os"),
            .architecture = text_at(value, "architecture"),
            .variant = text_at(value, "variant"),
            .os_version = text_at(value, "os.version")};
}

Result<Part> read_part(const json& value) {
    if (!value.is_object()) return bad("a descriptor is not an object");
    Part part{.media_type = text_at(value, "mediaType"), .digest = text_at(value, "digest")};
    if (!is_digest(part.digest)) return bad("a descriptor has no digest");
    auto size = value.find("size");
    if (size == value.end() || !size->is_number_integer()) return bad("a descriptor has no size");
    bool huge =
        size->is_number_unsigned() && size->get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxBlobBytes);
    if (huge || size->get<std::int64_t>() < 0) return bad("a descriptor has no possible size");
    part.size = size->get<std::int64_t>();
    auto urls = value.find("urls");
    part.external = urls != value.end() && urls->is_array() && !urls->empty();
    auto platform = value.find("platform");
    part.has_platform = platform != value.end() && platform->is_object();
    if (part.has_platform) part.platform = read_platform(*platform);
    auto notes = value.find("annotations");
    if (notes != value.end() && notes->is_object() &&
        text_at(*notes, "vnd.docker.reference.type") == "attestation-manifest")
        part.attests = text_at(*notes, "vnd.docker.reference.digest");
    return part;
}

Result<std::vector<Part>> read_parts(const json& list) {
    if (!list.is_array()) return bad("a list of descriptors is not a list");
    if (list.size() > kMaxParts) return bad("more than 4000 descriptors");
    std::vector<Part> out;
    for (const auto& value : list) {
        TRY_ASSIGN(auto part, read_part(value));
        out.push_back(std::move(part));
    }
    return out;
}

Result<void> read_image(const json& root, Content& content) {
    json list = json::array();
    if (auto config = root.find("config"); config != root.end()) list.push_back(*config);
    // "blobs": OCI artifact manifests of the 1.1 release candidates.
    for (const char* key : {"layers", "blobs"})
        if (auto layers = root.find(key); layers != root.end() && layers->is_array())
            for (const auto& layer : *layers) list.push_back(layer);
    TRY_ASSIGN(content.blobs, read_parts(list));
    std::set<std::string> seen;
    std::erase_if(content.blobs, [&](const Part& part) { return !seen.insert(part.digest).second; });
    return {};
}

std::string bare(std::string_view content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';'))));
}

bool is_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
    return std::all_of(tag.begin(), tag.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-';
    });
}

}  // namespace

bool is_known_digest(std::string_view digest) {
    if (is_sha256_digest(digest)) return true;
    if (!digest.starts_with("sha512:") || digest.size() != 7 + 128) return false;
    return digest.substr(7).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<Content> read_content(std::string_view body, std::string_view content_type) {
    auto root = read_object(body);
    if (!root) return bad("not a JSON object of sane depth and size");
    Content content{.media_type = bare(content_type)};
    auto inner = text_at(*root, "mediaType");
    auto version = root->find("schemaVersion");
    bool old = version != root->end() && version->is_number_integer() && version->get<std::int64_t>() == 1;
    if (old || content.media_type.find("manifest.v1+") != std::string::npos)
        if (content.media_type.find("oci") == std::string::npos)
            return unsupported("a schema 1 image, which registries no longer take",
                               "rebuild it, or pull and push it with an old docker");
    if (!inner.empty() && bare(inner) != content.media_type) {
        bool vague = content.media_type.empty() || content.media_type == "application/json" ||
                     content.media_type == "application/octet-stream";
        if (!vague)
            return unsupported(cat("the header says ", printable_line(content.media_type, 80), ", the text ",
                                   printable_line(inner, 80)));
        content.media_type = inner;
    }
    // The ambiguity of CVE-2021-41190: a document that is both must not be read as either.
    if (root->contains("manifests") && (root->contains("layers") || root->contains("config")))
        return unsupported("it is an index and an image at once");
    content.index = root->contains("manifests");
    if (content.index) {
        TRY_ASSIGN(content.children, read_parts((*root)["manifests"]));
    } else {
        TRY(read_image(*root, content));
    }
    if (auto subject = root->find("subject"); subject != root->end() && subject->is_object()) {
        TRY_ASSIGN(auto part, read_part(*subject));
        content.subject = part.digest;
    }
    content.artifact_type = text_at(*root, "artifactType");
    if (content.artifact_type.empty() && root->contains("config") && (*root)["config"].is_object())
        content.artifact_type = text_at((*root)["config"], "mediaType");
    if (auto notes = root->find("annotations"); notes != root->end() && notes->is_object())
        content.annotations = notes->dump(-1, ' ', false, json::error_handler_t::replace);
    return content;
}

Result<std::string> filter_index(std::string_view body, const std::function<bool(std::size_t)>& keep) {
    if (is_unreasonable_json(body)) return bad("not a JSON object of sane depth and size");
    auto root = ordered_json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object() || !root.contains("manifests") || !root["manifests"].is_array())
        return bad("not an index");
    auto kept = ordered_json::array();
    for (std::size_t i = 0; i < root["manifests"].size(); ++i)
        if (keep(i)) kept.push_back(root["manifests"][i]);
    root["manifests"] = std::move(kept);
    return root.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

Result<Platform> read_config_platform(std::string_view body) {
    auto root = read_object(body);
    if (!root) return bad("the config of the image is not a JSON object");
    return read_platform(*root);
}

Result<std::vector<std::string>> parse_tags(std::string_view body) {
    auto refuse = [](std::string_view why) {
        return Failure(Error{.code = ErrorCode::parse, .message = cat("list of tags not read: ", why)});
    };
    auto root = read_object(body);
    if (!root) return refuse("not a JSON object");
    auto tags = root->find("tags");
    if (tags == root->end() || tags->is_null()) return std::vector<std::string>{};
    if (!tags->is_array()) return refuse("tags is not a list");
    std::vector<std::string> out;
    for (const auto& tag : *tags)
        if (tag.is_string() && is_tag(tag.get_ref<const std::string&>()))
            out.push_back(tag.get<std::string>());
    return out;
}

std::string list_referrer(const Referrer& referrer) {
    ordered_json entry = {{"mediaType", referrer.part.media_type},
                          {"digest", referrer.part.digest},
                          {"size", referrer.part.size}};
    if (!referrer.artifact_type.empty()) entry["artifactType"] = referrer.artifact_type;
    if (!referrer.annotations.empty()) {
        auto notes = ordered_json::parse(referrer.annotations, nullptr, /*allow_exceptions=*/false);
        if (notes.is_object()) entry["annotations"] = std::move(notes);
    }
    ordered_json root = {
        {"schemaVersion", 2}, {"mediaType", kOciIndex}, {"manifests", ordered_json::array()}};
    root["manifests"].push_back(std::move(entry));
    return root.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::string> merge_referrers(std::string_view body, std::string_view more) {
    std::array<ordered_json, 2> lists;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        auto text = i == 0 ? body : more;
        if (is_unreasonable_json(text)) return bad("the list of referrers has no sane size");
        lists[i] = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (!lists[i].is_object() || !lists[i].contains("manifests") || !lists[i]["manifests"].is_array())
            return bad("the list of referrers is not an index");
    }
    auto digest_in = [](const ordered_json& entry) {
        return entry.is_object() ? entry.value("digest", ordered_json()) : ordered_json();
    };
    auto& into = lists[0]["manifests"];
    std::set<ordered_json> known;
    for (const auto& entry : into) known.insert(digest_in(entry));
    bool same = true;
    for (const auto& entry : lists[1]["manifests"])
        if (known.insert(digest_in(entry)).second) {
            into.push_back(entry);
            same = false;
        }
    if (same) return std::string(body);
    return lists[0].dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Complaint read_complaint(std::string_view body) {
    auto root = read_object(body.substr(0, 64 * 1024));
    if (root && root->contains("errors") && (*root)["errors"].is_array() && !(*root)["errors"].empty() &&
        (*root)["errors"][0].is_object()) {
        const auto& first = (*root)["errors"][0];
        Complaint out{.code = printable_line(text_at(first, "code"), 60),
                      .message = printable_line(text_at(first, "message"), 300)};
        if (auto detail = first.find("detail"); detail != first.end() && !detail->is_null())
            out.detail = printable_line(detail->is_string()
                                            ? detail->get<std::string>()
                                            : detail->dump(-1, ' ', false, json::error_handler_t::replace),
                                        1000);
        return out;
    }
    if (body.starts_with("<"))
        return {.code = "", .message = "an HTML page, not a registry's answer", .detail = ""};
    return {.code = "", .message = printable_line(trim(body), 200), .detail = ""};
}

}  // namespace mirrorctl::registry
