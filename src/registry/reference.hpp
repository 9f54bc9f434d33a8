// Image references as docker writes and normalises them (distribution/reference, normalize.go): "busybox" is
// docker.io/library/busybox:latest; the first component is a host only if it has a dot, a colon or is
// "localhost".
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::registry {

struct Reference {
    std::string registry;  // "docker.io", "ghcr.io", "localhost:5000"; "index.docker.io" becomes "docker.io"
    std::string repository;  // "library/busybox"
    std::string tag = {};    // "latest" when neither tag nor digest was given
    std::string digest = {};

    // What a manifest is asked by: the digest if there is one, else the tag.
    const std::string& target() const { return digest.empty() ? tag : digest; }
    std::string str() const;
    bool operator==(const Reference&) const = default;
};

// Errors: parse, saying what is wrong. Upper case in a name, a digest that is not sha256, a tag of more than
// 128 characters and a name of more than 255 are refused.
Result<Reference> parse_reference(std::string_view text);

// The reference of a profile's canary: `image` is relative to `upstream` ("library/busybox:1.36"; an image
// that names that upstream itself is understood too), `digest` may be empty. For docker.io a single component
// gets "library/".
Result<Reference> parse_canary(std::string_view upstream, std::string_view image, std::string_view digest);

}  // namespace mirrorctl::registry
