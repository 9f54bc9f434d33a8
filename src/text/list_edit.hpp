// Changing a list of strings in place: entries that stay keep their bytes, new ones look like their
// neighbours. JSON and TOML alike.
#pragma once

#include "model/edit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// A list as it stands in a text; without comments between its brackets.
struct ListText {
    std::string_view text;
    Span span = {};                        // with the brackets
    std::vector<Span> items = {};          // of each entry; at least one
    std::vector<std::string> values = {};  // what the entries mean
};

// Edits of list.text after which the list means `wanted`; tokens[i] is how wanted[i] is written.
std::vector<Edit> edit_list(const ListText& list, const std::vector<std::string>& wanted,
                            const std::vector<std::string>& tokens);

// A list of its own: in one line if `indent` is "", else one entry a line with `indent` (line end and blanks)
// before each entry and `outdent` before the closing bracket.
std::string new_list(const std::vector<std::string>& tokens, std::string_view indent,
                     std::string_view outdent, std::string_view comma = ", ");

}  // namespace mirrorctl::text
