// What a JSON or TOML text means, as an independent parser (nlohmann/json, toml++) sees it: no layout, no
// order of keys.
#pragma once

#include "base/result.hpp"
#include "text/path.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

enum class TreeKind { null, boolean, integer, number, string, date, array, table };
std::string_view name_of(TreeKind kind);

struct Tree {
    TreeKind kind = TreeKind::table;
    std::string scalar = {};  // decoded string; "true"; canonical or literal spelling of numbers and dates
    std::vector<Tree> items = {};
    std::map<std::string, Tree> members = {};
    bool operator==(const Tree&) const = default;

    // The value at `path`, through tables only; nullptr if there is none.
    const Tree* find(const Path& path) const;
};

// A text without content is an empty table. Errors: parse, with location.
Result<Tree> json_tree(std::string_view text);
Result<Tree> toml_tree(std::string_view text);

}  // namespace mirrorctl::text
