// Where the headers and assignments of a TOML text stand. The text must already have been accepted by a TOML
// parser: the scanner only finds token boundaries (TOML 1.0, toml.io/en/v1.0.0), it does not judge.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"
#include "text/path.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

struct TomlTable {
    Path path;
    bool array = false;  // [[path]]
    Span header;         // from '[' to ']'
    // From the first comment line directly above the header (but never the comment at the very start of the
    // file, which is the file's own) to where the next table's body begins, or the end of the text.
    Span body;
};

struct TomlAssignment {
    Path path;                 // with the table's path in front
    std::size_t table = 0;     // index in `tables` plus one; 0 = before the first header
    bool below_array = false;  // in or below an array of tables: the path is not unique
    Span key;
    Span value;
    Span lines;  // whole lines, indentation and line end included
};

struct TomlScan {
    std::vector<TomlTable> tables = {};
    std::vector<TomlAssignment> assignments = {};
};

// Errors: internal, if the text is not the TOML that the caller took it for.
Result<TomlScan> scan_toml(std::string_view text);

// The inside of one value, offsets from its first byte.
struct TomlValueParts {
    std::vector<Span> items = {};  // of an array
    bool has_comment = false;
};
TomlValueParts scan_toml_value(std::string_view value);

}  // namespace mirrorctl::text
