// The images of a scenario: index (amd64, arm64, an attestation), manifests, config blobs, layers. All bytes
// follow from the seed.
#pragma once

#include "lab/scenario.hpp"
#include "lab/source.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::lab {

struct Document {
    std::string media_type;
    std::string bytes;
};

struct Image {
    std::string upstream;
    std::string repository;
    std::string tag;
    std::string digest;                            // of the index
    std::string stale_digest;                      // of the index of the previous build, which exists too
    std::map<std::string, std::string> platforms;  // "amd64" -> digest of its manifest
    std::int64_t layer_bytes = 0;                  // of one platform
    std::map<std::string, Document> manifests;     // digest -> index or manifest, both builds
    std::map<std::string, SourcePtr> blobs;        // digest -> config or layer
};

std::vector<Image> make_images(const Scenario& scenario);

}  // namespace mirrorctl::lab
