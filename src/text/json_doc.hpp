// A JSON file of the user: strict reading, and edits that touch nothing but what they set. Key order,
// indentation, number literals, line ends, byte order mark and a missing final newline stay as they are.
//
// A text without content counts as an empty object; edits then create one with 4 blanks of indentation and a
// final newline.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"
#include "text/editor.hpp"
#include "text/json_node.hpp"
#include "text/path.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

class JsonDoc {
  public:
    // Errors: parse, duplicate_key, with location (without the file's name: see in_file).
    static Result<JsonDoc> parse(std::string_view text);
    Result<JsonDoc> with_text(std::string_view text) const { return parse(text); }
    const std::string& text() const { return text_; }

    bool has(const Path& path) const { return find(path) != nullptr; }
    std::optional<JsonKind> kind_at(const Path& path) const;
    // Decoded values; nullopt if there is no such key. Errors: unsupported_layout, with location, if the
    // value (or something on the way to it) has another type, null included.
    Result<std::optional<std::string>> string_at(const Path& path) const;
    Result<std::optional<std::vector<std::string>>> strings_at(const Path& path) const;
    Result<std::optional<bool>> bool_at(const Path& path) const;
    // Keys of the object in file order, empty if there is none. Errors: unsupported_layout.
    Result<std::vector<std::string>> keys_of(const Path& path) const;

    // Edits of text() after which the value at `path` is this one; missing objects on the way are created, an
    // equal value gives no edit, list entries that stay keep their bytes. Errors: unsupported_layout (another
    // type stands there), usage (invalid UTF-8).
    Result<std::vector<Edit>> set_string(const Path& path, std::string_view value) const;
    Result<std::vector<Edit>> set_strings(const Path& path, const std::vector<std::string>& values) const;
    // Edits that take out the key with its value, whatever type it has. An object that becomes empty stays.
    // No edit if it is absent. Errors: unsupported_layout, if something on the way is no object.
    Result<std::vector<Edit>> remove(const Path& path) const;

  private:
    const JsonNode* find(const Path& path) const;
    Result<const JsonNode*> reach(const Path& path) const;

    std::string text_;
    JsonNode root_;
};

using JsonEditor = Editor<JsonDoc>;

}  // namespace mirrorctl::text
