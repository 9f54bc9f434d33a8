// A rule file or a login file as a plain tree, whether it was written in JSON or in YAML.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

struct Value {
    enum class Kind { null, text, boolean, number, list, object };
    Kind kind = Kind::null;
    std::string text = {};  // of a text; "true" or "false"
    std::string key = {};   // under which it stands in an object
    mirrorctl::Location where = {};
    mirrorctl::Location where_key = {};
    std::vector<Value> items = {};

    const Value* find(std::string_view name) const;
};

// For messages: "a list", "nothing", "\"text\"" (printable, short).
std::string describe(const Value& value);

// One JSON document, at most 1 MiB. Errors: parse and duplicate_key, with `file`, line and column.
Result<Value> read_json(std::string_view text, const std::string& file);

}  // namespace mirrorctl::sync
