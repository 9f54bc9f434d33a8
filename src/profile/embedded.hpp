// Documents built into the program: parsed and checked when it was built, so that a start needs no YAML
// parser.
#pragma once

#include "profile/node.hpp"

#include <span>
#include <string>
#include <string_view>

namespace mirrorctl::profile {

struct EmbeddedFile {
    std::string_view name;    // "cn", "dead"
    std::string_view packed;  // pack() of the document
};

// By name. Defined in the source that scripts/cmake/EmbedProfiles.cmake generates.
std::span<const EmbeddedFile> embedded_files();

// A byte string that unpack() turns back into the same tree, places included, in one pass.
std::string pack(const Node& node);
// Errors: internal, if the bytes are not from pack().
Result<Node> unpack(std::string_view packed, const std::string& file);

// The document of that name, nullopt if there is none. Its file name in messages is "NAME.yaml (embedded)".
Result<Node> embedded_document(std::string_view name);

}  // namespace mirrorctl::profile
