#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/list_edit.hpp"
#include "text/quote.hpp"
#include "text/toml_doc.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

// 'value' where the old token is written so and the value can be, else "value".
Result<std::string> string_token(std::string_view value, std::string_view old) {
    TRY_ASSIGN(std::string token, quote_toml(value));
    bool literal = old.starts_with('\'') && !old.starts_with("'''") &&
                   value.find_first_of("'\t") == std::string_view::npos;
    return literal ? cat("'", value, "'") : token;
}

Result<std::string> key_token(const std::string& key) {
    bool bare = !key.empty() &&
                key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
                    std::string::npos;
    return bare ? Result<std::string>(key) : quote_toml(key);
}

std::string_view bytes(std::string_view text, Span span) {
    return text.substr(span.begin, span.end - span.begin);
}

// The part of `deeper` behind `indent`, "" if it does not begin with it.
std::string_view step(std::string_view indent, std::string_view deeper) {
    return deeper.starts_with(indent) ? deeper.substr(indent.size()) : std::string_view();
}

bool is_comment_line(std::string_view text, std::size_t at) {
    return trim(text.substr(at, line_end(text, at) - at)).starts_with('#');
}

bool is_blank_line(std::string_view text, std::size_t at) {
    return trim(text.substr(at, line_end(text, at) - at)).empty();
}

}  // namespace

Result<std::vector<Edit>> TomlDoc::set_string(const Path& path, std::string_view value) const {
    TRY_ASSIGN(auto current, string_at(path));
    if (current && *current == value) return std::vector<Edit>{};
    const auto* old = find_assignment(path);
    TRY_ASSIGN(std::string token, string_token(value, old != nullptr ? bytes(text_, old->value) : ""));
    return set(path, token);
}

Result<std::vector<Edit>> TomlDoc::set_bool(const Path& path, bool value) const {
    TRY_ASSIGN(auto current, bool_at(path));
    if (current && *current == value) return std::vector<Edit>{};
    return set(path, value ? "true" : "false");
}

Result<std::vector<Edit>> TomlDoc::set_strings(const Path& path,
                                               const std::vector<std::string>& values) const {
    TRY_ASSIGN(auto current, strings_at(path));
    if (current && *current == values) return std::vector<Edit>{};
    const auto* old = find_assignment(path);
    TomlValueParts parts;
    if (old != nullptr) parts = scan_toml_value(bytes(text_, old->value));
    if (parts.has_comment) return Failure(unsupported(path, "comments inside the list would be lost"));
    ListText list{
        .text = text_, .span = {}, .items = {}, .values = current.value_or(std::vector<std::string>{})};
    if (old != nullptr) list.span = old->value;
    for (auto item : parts.items)
        list.items.push_back({list.span.begin + item.begin, list.span.begin + item.end});
    std::vector<std::string> tokens;
    for (const auto& value : values) {
        TRY_ASSIGN(std::string token,
                   string_token(value, list.items.empty() ? "" : bytes(text_, list.items[0])));
        tokens.push_back(std::move(token));
    }
    if (list.items.empty()) return set(path, new_list(tokens, "", ""));
    return edit_list(list, values, tokens);
}

// Replaces or adds the token; whether the types fit has been checked.
Result<std::vector<Edit>> TomlDoc::set(const Path& path, const std::string& token) const {
    if (path.empty())
        return Failure(
            Error{.code = ErrorCode::internal, .message = "cannot edit a TOML value: no key given"});
    if (!has(path)) return add(path, token);
    const auto* old = find_assignment(path);
    if (old == nullptr) return Failure(unsupported(path, "it stands inside an inline table"));
    return std::vector<Edit>{{.span = old->value, .replacement = token}};
}

Result<std::vector<Edit>> TomlDoc::add(const Path& path, const std::string& token) const {
    const Path parent(path.begin(), path.end() - 1);
    TRY_ASSIGN(std::string key, key_token(path.back()));
    auto line = cat(key, " = ", token, "\n");
    if (parent.empty()) return std::vector<Edit>{insert_line(0, line)};
    if (auto index = find_table(parent)) return std::vector<Edit>{insert_line(*index + 1, line)};
    TRY(can_have_header(parent));

    // Behind the last of the nearest relatives that exist.
    std::size_t before = scan_.tables.size();
    std::string indent;
    for (auto depth = parent.size(); depth > 0 && before == scan_.tables.size(); --depth) {
        const Path ancestor(parent.begin(), parent.begin() + static_cast<std::ptrdiff_t>(depth));
        for (std::size_t i = 0; i < scan_.tables.size(); ++i)
            if (starts_with(scan_.tables[i].path, ancestor)) before = i;
        if (before == scan_.tables.size()) continue;
        indent = header_indent(scan_.tables[before].path, scan_.tables[before].header, parent);
        ++before;
        break;
    }
    std::vector<std::string> keys;
    for (const auto& part : parent) {
        TRY_ASSIGN(std::string quoted, key_token(part));
        keys.push_back(std::move(quoted));
    }
    return insert_table(cat(indent, "[", join(keys, "."), "]\n", indent, key_step(), line), before);
}

// How a header for `path` is indented, seen from a relative: one step more or less per level.
std::string TomlDoc::header_indent(const Path& relative, Span header, const Path& path) const {
    std::string indent(indent_at(text_, header.begin));
    std::string_view unit;
    for (const auto& child : scan_.tables)
        for (const auto& other : scan_.tables)
            if (unit.empty() && child.path.size() == other.path.size() + 1 &&
                starts_with(child.path, other.path))
                unit = step(indent_at(text_, other.header.begin), indent_at(text_, child.header.begin));
    for (auto depth = relative.size(); depth < path.size(); ++depth) indent += unit;
    for (auto depth = path.size(); depth < relative.size() && indent.ends_with(unit); ++depth)
        indent.resize(indent.size() - unit.size());
    return indent;
}

// How much deeper than its header a key stands, by the first table that has one.
std::string TomlDoc::key_step() const {
    for (const auto& assignment : scan_.assignments)
        if (assignment.table > 0)
            return std::string(step(indent_at(text_, scan_.tables[assignment.table - 1].header.begin),
                                    indent_at(text_, assignment.key.begin)));
    return {};
}

// Puts `line` into a table: behind its last assignment, else directly below its header. `table` as in
// TomlAssignment.
Edit TomlDoc::insert_line(std::size_t table, const std::string& line) const {
    auto last = std::find_if(scan_.assignments.rbegin(), scan_.assignments.rend(),
                             [&](const TomlAssignment& assignment) { return assignment.table == table; });
    if (last != scan_.assignments.rend())
        return insert_lines(last->lines.end, cat(indent_at(text_, last->key.begin), line));
    if (table > 0) {
        auto header = scan_.tables[table - 1].header;
        return insert_lines(line_end(text_, header.end),
                            cat(indent_at(text_, header.begin), key_step(), line));
    }
    if (scan_.tables.empty()) return insert_lines(text_.size(), line);
    return insert_lines(scan_.tables[0].body.begin, line + "\n");
}

// `lines` at an offset where a line begins or the text ends; a missing final newline stays missing.
Edit TomlDoc::insert_lines(std::size_t at, std::string lines) const {
    auto start = has_bom(text_) ? kBom.size() : 0;
    if (at > start && text_[at - 1] != '\n') {
        lines.pop_back();
        lines.insert(0, "\n");
    }
    return {.span = {at, at}, .replacement = with_newlines_of(std::move(lines), text_)};
}

Result<void> TomlDoc::can_have_header(const Path& path) const {
    for (std::size_t depth = 1; depth <= path.size(); ++depth) {
        const Path prefix(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
        if (has(prefix) && !is_table(prefix)) return Failure(unsupported(prefix, "it is not a table"));
        for (const auto& assignment : scan_.assignments) {
            auto outer = assignment.table == 0 ? 0 : scan_.tables[assignment.table - 1].path.size();
            if (starts_with(assignment.path, prefix) && outer < depth)
                return Failure(unsupported(prefix, "it is an inline table or made by dotted keys"));
        }
    }
    return {};
}

Result<std::vector<Edit>> TomlDoc::remove_key(const Path& path) const {
    if (!has(path)) return std::vector<Edit>{};
    const auto* old = find_assignment(path);
    if (old == nullptr)
        return Failure(
            unsupported(path, is_table(path) ? "it is a table" : "it stands inside an inline table"));
    return std::vector<Edit>{removal(old->lines)};
}

// Takes out whole lines; at the end of a text without final newline the line end in front of them goes too.
Edit TomlDoc::removal(Span lines) const {
    auto start = has_bom(text_) ? kBom.size() : 0;
    if (lines.end == text_.size() && !has_final_newline(text_) && lines.begin > start) {
        --lines.begin;
        if (lines.begin > start && text_[lines.begin - 1] == '\r') --lines.begin;
    }
    return {.span = lines, .replacement = {}};
}

Result<std::vector<Edit>> TomlDoc::insert_table(std::string_view table, std::size_t before) const {
    auto at = before < scan_.tables.size() ? scan_.tables[before].body.begin : text_.size();
    auto start = has_bom(text_) ? kBom.size() : 0;
    bool gap_before = at > start && !(has_final_newline(text_.substr(0, at)) &&
                                      is_blank_line(text_, line_begin(text_, at - 1)));
    auto block = cat(gap_before ? "\n" : "", table, has_final_newline(table) ? "" : "\n",
                     at < text_.size() ? "\n" : "");
    return std::vector<Edit>{insert_lines(at, std::move(block))};
}

// The lines of one table that go with it.
Span TomlDoc::own_lines(std::size_t index) const {
    const auto& table = scan_.tables[index];
    Span span{table.body.begin, line_end(text_, table.header.end)};
    for (const auto& assignment : scan_.assignments)
        if (assignment.table == index + 1) span.end = std::max(span.end, assignment.lines.end);
    while (span.end < table.body.end && is_comment_line(text_, span.end))
        span.end = line_end(text_, span.end);
    while (span.end < table.body.end && is_blank_line(text_, span.end)) span.end = line_end(text_, span.end);
    return span;
}

Result<std::vector<Edit>> TomlDoc::remove_table(const Path& path) const {
    if (!has(path)) return std::vector<Edit>{};
    if (!is_table(path)) return Failure(unsupported(path, "it is not a table"));
    for (const auto& assignment : scan_.assignments) {
        auto outer = assignment.table == 0 ? 0 : scan_.tables[assignment.table - 1].path.size();
        if (starts_with(assignment.path, path) && outer < path.size())
            return Failure(unsupported(path, "it is an inline table or made by dotted keys"));
    }
    std::vector<Span> spans;
    for (std::size_t i = 0; i < scan_.tables.size(); ++i) {
        if (!starts_with(scan_.tables[i].path, path)) continue;
        auto span = own_lines(i);
        if (!spans.empty() && spans.back().end == span.begin)
            spans.back().end = span.end;
        else
            spans.push_back(span);
    }
    if (spans.empty()) return Failure(unsupported(path, "it stands inside an inline table"));
    std::vector<Edit> edits;
    for (auto& span : spans) {
        // Nothing follows: the blank lines that set it off go too.
        auto start = has_bom(text_) ? kBom.size() : 0;
        while (span.end == text_.size() && span.begin > start &&
               is_blank_line(text_, line_begin(text_, span.begin - 1)))
            span.begin = line_begin(text_, span.begin - 1);
        edits.push_back(removal(span));
    }
    return edits;
}

}  // namespace mirrorctl::text
