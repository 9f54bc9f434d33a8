// Manifests and indexes (OCI image-spec 1.1 manifest.md and image-index.md; docker distribution manifest v2
// schema 2). Read only, bounded: 4 MiB of text, 32 levels, 50000 values, 1000 children, 512 layers.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mirrorctl::registry {

inline constexpr std::int64_t kMaxManifestBytes = 4LL << 20U;

// The full list: with less, registries answer another digest or 404 (docker-registry 2.8.2,
// registry/handlers/manifests.go).
std::string_view accept_manifests();

struct Descriptor {
    std::string media_type;
    std::string digest;     // sha256, checked
    std::int64_t size = 0;  // bytes, never negative
    bool operator==(const Descriptor&) const = default;
};

struct Platform {
    std::string os;
    std::string architecture;
    std::string variant = {};
    std::string os_version = {};
    bool operator==(const Platform&) const = default;
};

// What the engines on this node pull: linux and GOARCH of this build ("amd64", "arm64", "arm"/"v7", ...).
Platform running_platform();

struct IndexEntry {
    Descriptor descriptor;
    Platform platform;  // empty strings if the index does not say
};

struct Index {
    std::vector<IndexEntry> entries;
};

struct ImageManifest {
    Descriptor config;
    std::vector<Descriptor> layers;
};

using Document = std::variant<Index, ImageManifest>;

// True for the four types of accept_manifests(); parameters ("; charset=utf-8") are ignored.
bool is_manifest_type(std::string_view content_type);

// Errors: parse (not JSON, too deep, too many, a digest or size that cannot be), unsupported_layout (schema
// 1, unknown type, a "mediaType" inside that contradicts `content_type`).
Result<Document> parse_manifest(std::string_view body, std::string_view content_type);

// The child for `wanted`: os and architecture equal; variant by the usual rules (arm64 = arm64/v8, arm
// without one = v7, a lower arm variant serves a higher one). Attestations (unknown/unknown) are skipped; an
// entry without platform is taken only if it is the sole one. Errors: not_found, naming what the index has.
Result<Descriptor> pick_platform(const Index& index, const Platform& wanted);

}  // namespace mirrorctl::registry
