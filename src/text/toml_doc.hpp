// A TOML file of the user (containerd's config.toml, hosts.toml): toml++ tells what it means, a scanner of
// our own where it stands. Edits touch nothing but what they set; comments, order, indentation, line ends and
// byte order mark stay as they are.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"
#include "text/editor.hpp"
#include "text/path.hpp"
#include "text/toml_scan.hpp"
#include "text/tree.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

class TomlDoc {
  public:
    // TOML 1.0. Errors: parse, with location (without the file's name: see in_file).
    static Result<TomlDoc> parse(std::string_view text);
    Result<TomlDoc> with_text(std::string_view text) const { return parse(text); }
    const std::string& text() const { return text_; }

    // Whatever notation (header, dotted key, inline table) defines it; nothing is found below an array of
    // tables.
    bool has(const Path& path) const { return tree_.find(path) != nullptr; }
    bool is_table(const Path& path) const;
    // nullopt if there is no such key. Errors: unsupported_layout, with location, for another type.
    Result<std::optional<std::string>> string_at(const Path& path) const;
    Result<std::optional<bool>> bool_at(const Path& path) const;
    Result<std::optional<std::int64_t>> integer_at(const Path& path) const;
    Result<std::optional<std::vector<std::string>>> strings_at(const Path& path) const;
    // Keys of the table, sub-tables included, in the order in which they are first mentioned; empty if there
    // is none.
    std::vector<std::string> keys_of(const Path& path) const;

    // All headers in file order; the same path can stand in only one of them unless it is an array of tables.
    const std::vector<TomlTable>& tables() const { return scan_.tables; }
    // Index in tables() of the header `[path]`, or nullopt.
    std::optional<std::size_t> find_table(const Path& path) const;

    // Edits of text() after which the value at `path` is this one. An existing value is replaced in place (a
    // literal string stays one if it can), an equal one gives no edit; else a line is added to the table, and
    // a missing table behind its relatives or at the end. Errors: unsupported_layout (other type, inline
    // table, dotted keys or array of tables in the way, comments inside a list that would change), usage (a
    // value that cannot be written: line ends, control characters, invalid UTF-8).
    Result<std::vector<Edit>> set_string(const Path& path, std::string_view value) const;
    Result<std::vector<Edit>> set_bool(const Path& path, bool value) const;
    Result<std::vector<Edit>> set_strings(const Path& path, const std::vector<std::string>& values) const;
    // Takes out the key's line(s), its comment at the end of the line included. No edit if it is absent.
    // Errors: unsupported_layout for a table and for a key inside an inline table.
    Result<std::vector<Edit>> remove_key(const Path& path) const;

    // Puts `table` (header line and body, "\n" line ends) in front of tables()[before], or at the end if
    // before == tables().size(), with one blank line around it. Whether the result is TOML shows when it is
    // parsed, as Editor does.
    Result<std::vector<Edit>> insert_table(std::string_view table, std::size_t before) const;
    // Takes out `[path]` and all tables below it, with the comments directly above their headers. Comments
    // set off by a blank line stay. No edit if there is none. Errors: unsupported_layout for arrays of
    // tables, dotted keys and inline tables.
    Result<std::vector<Edit>> remove_table(const Path& path) const;

  private:
    Result<const Tree*> reach(const Path& path, TreeKind kind) const;
    const TomlAssignment* find_assignment(const Path& path) const;
    Error unsupported(const Path& path, std::string_view why) const;

    Result<std::vector<Edit>> set(const Path& path, const std::string& token) const;
    Result<std::vector<Edit>> add(const Path& path, const std::string& token) const;
    Result<void> can_have_header(const Path& path) const;
    std::string header_indent(const Path& relative, Span header, const Path& path) const;
    std::string key_step() const;
    Edit insert_line(std::size_t table, const std::string& line) const;
    Edit insert_lines(std::size_t at, std::string lines) const;
    Edit removal(Span lines) const;
    Span own_lines(std::size_t index) const;

    std::string text_;
    Tree tree_;
    TomlScan scan_;
};

using TomlEditor = Editor<TomlDoc>;

}  // namespace mirrorctl::text
