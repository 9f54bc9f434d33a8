#include "text/lines.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <optional>

namespace mirrorctl::text {

Location location_of(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    auto begin = std::min(line_begin(text, offset), offset);
    auto before = text.substr(0, begin);
    auto line = text.substr(begin, offset - begin);
    auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    return {.file = {},
            .line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
            .column = static_cast<int>(std::count_if(line.begin(), line.end(), is_lead)) + 1};
}

Error error_at(ErrorCode code, std::string message, std::string_view text, std::size_t offset) {
    return {.code = code, .message = std::move(message), .location = location_of(text, offset)};
}

Error in_file(Error error, std::string_view file) {
    if (!error.location) error.location = Location{};
    error.location->file = std::string(file);
    return error;
}

std::string_view newline_of(std::string_view text) {
    std::size_t crlf = 0;
    std::size_t all = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\n') continue;
        ++all;
        if (i > 0 && text[i - 1] == '\r') ++crlf;
    }
    return crlf > all - crlf ? "\r\n" : "\n";
}

bool has_bom(std::string_view text) {
    return text.starts_with(kBom);
}

bool has_final_newline(std::string_view text) {
    return text.ends_with('\n');
}

bool is_blank(std::string_view text) {
    return trim(has_bom(text) ? text.substr(kBom.size()) : text).empty();
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
    auto before = text.substr(0, offset).rfind('\n');
    if (before != std::string_view::npos) return before + 1;
    return has_bom(text) ? kBom.size() : 0;
}

std::size_t line_end(std::string_view text, std::size_t offset) {
    auto at = text.find('\n', offset);
    return at == std::string_view::npos ? text.size() : at + 1;
}

std::string_view indent_at(std::string_view text, std::size_t offset) {
    auto line = text.substr(line_begin(text, offset));
    return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

std::size_t find_bare_cr(std::string_view text) {
    auto at = text.find('\r');
    while (at != std::string_view::npos && text.substr(at + 1, 1) == "\n") at = text.find('\r', at + 1);
    return at;
}

std::string with_newlines_of(std::string lines, std::string_view like) {
    return newline_of(like) == "\n" ? lines : replace_all(std::move(lines), "\n", "\r\n");
}

std::size_t find_invalid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        std::uint32_t code = 0;
        auto length = utf8_length(text.substr(i), &code);
        if (length == 0) return i;
        i += length;
    }
    return std::string_view::npos;
}

Indentation indentation_of(std::string_view json) {
    if (has_bom(json)) json.remove_prefix(kBom.size());
    auto inner = trim(json);
    Indentation found;
    found.single_line = !inner.empty() && inner.find('\n') == std::string_view::npos;
    // The first line that is indented deeper than the one above it tells the unit.
    std::optional<std::string_view> outer;
    for (std::size_t at = 0; at < json.size(); at = line_end(json, at)) {
        auto indent = indent_at(json, at);
        auto content = trim(json.substr(at, line_end(json, at) - at));
        if (content.empty()) continue;
        bool closes = content[0] == '}' || content[0] == ']';
        if (outer && !closes && indent.size() > outer->size() && indent.starts_with(*outer)) {
            auto unit = indent.substr(outer->size());
            found.unit = unit[0] == '\t' ? "\t" : std::string(unit);
            return found;
        }
        outer = indent;
    }
    return found;
}

}  // namespace mirrorctl::text
