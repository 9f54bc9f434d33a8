// Facts about the lines of a text: places for people, and the layout that an edit has to match.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace mirrorctl::text {

inline constexpr std::string_view kBom = "\xEF\xBB\xBF";

// Line and column of a byte offset, both 1-based; the column counts code points, a byte order mark does not
// count.
Location location_of(std::string_view text, std::size_t offset);

// An error with a location in `text`; the file's name is not known here, see in_file.
Error error_at(ErrorCode code, std::string message, std::string_view text, std::size_t offset);

// The same error with the file's name in its location.
Error in_file(Error error, std::string_view file);

// "\r\n" if more lines end so than with a bare "\n", else "\n" (also for a text without any line end).
std::string_view newline_of(std::string_view text);
bool has_bom(std::string_view text);
bool has_final_newline(std::string_view text);  // false for the empty text
bool is_blank(std::string_view text);           // nothing but a byte order mark, blanks, tabs and line ends

// Offset of the first byte of the line that holds `offset` (behind a byte order mark in the first line).
std::size_t line_begin(std::string_view text, std::size_t offset);
// Offset behind the line end ("\n" included) of the line that holds `offset`, or the end of the text.
std::size_t line_end(std::string_view text, std::size_t offset);
// The blanks and tabs at the start of the line that holds `offset`.
std::string_view indent_at(std::string_view text, std::size_t offset);

// Offset of the first carriage return that is no part of a "\r\n", npos if there is none.
std::size_t find_bare_cr(std::string_view text);

// `lines` (with "\n") with the line ends of `like`.
std::string with_newlines_of(std::string lines, std::string_view like);

// Offset of the first byte that is not valid UTF-8, npos if all is.
std::size_t find_invalid_utf8(std::string_view text);

// How a JSON text is indented. `unit` is one step: a tab or n blanks.
struct Indentation {
    bool single_line = false;  // no line end between the outer braces
    std::string unit = "    ";
};
Indentation indentation_of(std::string_view json);

}  // namespace mirrorctl::text
