// Files of NAME=value lines: what systemd reads by EnvironmentFile=, and what a shell sources.
#pragma once

#include "base/result.hpp"
#include "model/edit.hpp"
#include "text/editor.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// systemd: parse_env_file_internal in src/basic/env-file.c, v252. shell: POSIX, lines `NAME=value` and
// `export NAME=value`.
enum class EnvGrammar { systemd, shell };

struct EnvEntry {
    std::string name = {};
    std::string value = {};  // unquoted
    bool literal =
        true;  // false: the value depends on the shell ($X, `...`, several words); `value` is then empty
    bool exported = false;  // shell: `export NAME=...`
    Span span = {};         // whole lines, line ends included
    bool operator==(const EnvEntry&) const = default;
};

class EnvDoc {
  public:
    // Errors: parse, with location: NUL, an open quote at the end, a carriage return inside
    // a line; unsupported_layout: a comment that ends in a backslash in a systemd file (systemd before and
    // after version 254 read it differently).
    static Result<EnvDoc> parse(std::string_view text, EnvGrammar grammar);
    Result<EnvDoc> with_text(std::string_view text) const { return parse(text, grammar_); }
    const std::string& text() const { return text_; }

    // In file order; when a name stands twice, the last one counts. Shell lines that are no assignment are
    // left alone.
    const std::vector<EnvEntry>& entries() const { return entries_; }
    // nullopt if there is no such name. Errors: unsupported_layout if it is not literal.
    Result<std::optional<std::string>> value_of(std::string_view name) const;

    // Edits after which value_of(name) == value: the last line of that name is replaced, or one added at the
    // end (shell: with `export`). No edit for an equal value. Errors: usage (a value or name that cannot be
    // written), unsupported_layout (a backslash at the end of the text).
    Result<std::vector<Edit>> set(std::string_view name, std::string_view value) const;
    // Takes out all lines of that name.
    std::vector<Edit> remove(std::string_view name) const;

  private:
    std::string text_;
    EnvGrammar grammar_ = EnvGrammar::systemd;
    std::vector<EnvEntry> entries_;
};

// Made from a parsed document: EnvEditor editor(std::move(doc)).
using EnvEditor = Editor<EnvDoc>;

}  // namespace mirrorctl::text
