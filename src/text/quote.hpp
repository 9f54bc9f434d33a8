// How one value is written in each grammar, and read back. Four grammars of files, four pairs of functions,
// and HTML, which is only written. All quoting functions return the value with its quotes and refuse (usage)
// line ends, NUL, other control characters but tab, and invalid UTF-8. The templates' escape functions.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// One word of a unit's `Environment=`, i.e. a whole assignment `NAME=value`, in double quotes: `\` and `"`
// escaped, `%` doubled (specifiers), `$` literal (systemd.exec(5) "Environment=", systemd.syntax(7)
// "Quoting").
Result<std::string> quote_unit_word(std::string_view word);
// The words of one `Environment=` value, unquoted, `%%` undone. Errors: parse (unbalanced quotes, unknown
// escapes), unsupported_layout (a specifier such as %h: only systemd knows its value).
Result<std::vector<std::string>> split_unit_words(std::string_view value);

// A value in a file for `EnvironmentFile=`, in double quotes: `\ " $` and backquote escaped, `%` literal
// (systemd.exec(5)).
Result<std::string> quote_env_file(std::string_view value);
// The value as systemd understands what stands behind NAME= in one line. Errors: parse.
Result<std::string> unquote_env_file(std::string_view text);

// A POSIX shell word in single quotes, `'` as `'\''` (POSIX.1-2017 section 2.2).
Result<std::string> quote_shell(std::string_view value);
// One shell word. Errors: parse (open quote), unsupported_layout (expansions, several words).
Result<std::string> unquote_shell(std::string_view text);

// A TOML basic string (TOML 1.0 "String"), also right as a quoted key.
Result<std::string> quote_toml(std::string_view value);
// A basic or literal string of one line. Errors: parse.
Result<std::string> unquote_toml(std::string_view text);

// Text of an element or of an attribute between quotes: `& < > " '` as character references, so that it can
// neither end what it stands in nor begin something (HTML Living Standard, 13.1.4 "Character references").
// Without quotes of its own. Not for URLs in links, scripts and styles.
Result<std::string> quote_html(std::string_view value);

}  // namespace mirrorctl::text
