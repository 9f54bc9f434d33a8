// Writing a new member into a JSON text so that it looks like its neighbours.
#pragma once

#include "model/edit.hpp"
#include "text/json_node.hpp"
#include "text/path.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// A value to write: one JSON token, or a list of them.
struct JsonValue {
    bool list = false;
    std::vector<std::string> tokens = {};
};

// Edits of `text` that put `value` at `path`, creating the objects on the way. Precondition: whatever exists
// on the way is an object and the last key does not exist. A text without content becomes a document of its
// own.
std::vector<Edit> insert_json(std::string_view text, const JsonNode& root, const Path& path,
                              const JsonValue& value);

// The edit that makes the empty list at `node` hold the tokens.
Edit fill_json_list(std::string_view text, const JsonNode& root, const JsonNode& node,
                    const std::vector<std::string>& tokens);

}  // namespace mirrorctl::text
