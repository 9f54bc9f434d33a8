// Small text functions that know nothing of the domain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl {

inline std::string_view as_view(std::string_view text) {
    return text;
}
inline std::string as_view(char c) {
    return std::string(1, c);
}
template <class Number>
requires std::is_arithmetic_v<Number> std::string as_view(Number n) {
    return std::to_string(n);
}

// cat("a", 1, 'c') == "a1c".
template <class... Parts>
std::string cat(const Parts&... parts) {
    std::string out;
    (out.append(as_view(parts)), ...);
    return out;
}

std::vector<std::string> split(std::string_view text, char separator);  // keeps empty parts
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // blanks, tabs, CR, LF
std::string lower(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (or the text is empty);
// `*code` gets the code point.
std::size_t utf8_length(std::string_view text, std::uint32_t* code);

// Control characters (C0, C1, DEL) but tab and newline replaced by '?', invalid UTF-8 too: nothing that a
// stranger sent can move the cursor of a terminal.
std::string printable(std::string_view text);
// As `printable`, in one line and at most `limit` bytes, "..." at the end of what was cut.
std::string printable_line(std::string_view text, std::size_t limit = 200);

// Whole decimal numbers only; nullopt for anything else, overflow included.
std::optional<std::int64_t> parse_integer(std::string_view text);
// "10s", "250ms", "15m", "24h", "7d" -> seconds. A bare number is refused: the unit must be said. So is more
// than kLongestDuration: clocks and sums of times stay exact.
inline constexpr double kLongestDuration = 366 * 86400.0;
std::optional<double> parse_duration(std::string_view text);
std::string format_duration(double seconds);  // "0.42 s", "3.1 s", "2 m 5 s", "24 h"
// "48MiB", "512KiB", "1GiB", "1000" (bytes) -> bytes.
std::optional<std::int64_t> parse_bytes(std::string_view text);
std::string format_bytes(double bytes);  // "2.5 MiB"

// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, or nullopt when none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace mirrorctl
