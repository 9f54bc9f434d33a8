// What a manifest refers to, for copying: nothing is refused because it is unknown. Descriptors may have any
// type and any digest algorithm; the bytes themselves are passed on as they are.
#pragma once

#include "base/result.hpp"
#include "registry/manifest.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::registry {

struct Part {
    std::string media_type;
    std::string digest;  // "algorithm:hex", checked for characters only
    std::int64_t size = 0;
    bool external = false;      // has "urls": the registry need not hold it (foreign layers)
    bool has_platform = false;  // children of an index
    Platform platform = {};
    std::string attests = {};  // BuildKit: digest of the sibling that this attestation is about
};

struct Content {
    std::string media_type;  // as the registry said it, without parameters
    bool index = false;
    std::vector<Part> children = {};  // manifests, as listed
    std::vector<Part> blobs = {};     // config and layers, in order, each digest once
    std::string subject = {};         // digest, "" for none
    std::string artifact_type = {};
    std::string annotations = {};  // JSON text, "" for none
};

// Errors: parse (not JSON, too deep, too many, a descriptor that cannot be), unsupported_layout (schema 1,
// both index and image at once, a "mediaType" inside that contradicts).
Result<Content> read_content(std::string_view body, std::string_view content_type);

// The index with only those children that `keep` says yes to; all other members stay as they are, in order.
// Errors: parse.
Result<std::string> filter_index(std::string_view body, const std::function<bool(std::size_t)>& keep);

// os, architecture, variant and os.version of an image's config blob. Errors: parse.
Result<Platform> read_config_platform(std::string_view body);

// One page of tags; "tags": null is an empty one, texts that are no tags are left out. Errors: parse.
Result<std::vector<std::string>> parse_tags(std::string_view body);

// "sha256:" + 64 hex or "sha512:" + 128 hex: what we can check.
bool is_known_digest(std::string_view digest);

// A descriptor of an index that lists referrers.
struct Referrer {
    Part part;
    std::string artifact_type;
    std::string annotations;  // JSON text, "" for none
};
// An index with that one alone.
std::string list_referrer(const Referrer& referrer);
// `body` with those descriptors of `more` that it lacks, or unchanged if it lacks none. Errors: parse.
Result<std::string> merge_referrers(std::string_view body, std::string_view more);

}  // namespace mirrorctl::registry
