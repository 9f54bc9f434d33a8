#include "text/ini_doc.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

Failure invalid(std::string_view why, std::string_view text, std::size_t offset) {
    return Failure(error_at(ErrorCode::parse, cat("invalid unit file: ", why), text, offset));
}

bool ends_in_backslash(std::string_view line) {
    auto last = line.find_last_not_of('\\');
    auto run = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    return run % 2 == 1;
}

// What would not come back as it was put in.
Result<void> writable_value(std::string_view value) {
    auto refuse = [](std::string_view why) {
        return Failure(
            Error{.code = ErrorCode::usage, .message = cat("cannot write a value into a unit file: ", why)});
    };
    if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
        return refuse("it holds a line end or NUL");
    if (trim(value).size() != value.size()) return refuse("it begins or ends with a blank");
    if (ends_in_backslash(value)) return refuse("it ends in a backslash");
    return {};
}

// A section or a key that is read as the same one.
Result<void> nameable(std::string_view name) {
    bool plain = !name.empty() && trim(name).size() == name.size() &&
                 std::string_view("[#;").find(name[0]) == std::string_view::npos &&
                 name.find_first_of(std::string_view("\n\r\0=]\\", 6)) == std::string_view::npos;
    if (plain) return {};
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("not a name for a unit file: ", printable_line(name))});
}

}  // namespace

Result<IniDoc> IniDoc::parse(std::string_view text) {
    if (auto nul = text.find('\0'); nul != std::string_view::npos) return invalid("a NUL byte", text, nul);
    // systemd ends a line there (read_line_full in src/basic/fileio.c), people and editors do not.
    if (auto cr = find_bare_cr(text); cr != std::string_view::npos)
        return invalid("a carriage return inside a line", text, cr);
    IniDoc doc;
    doc.text_ = std::string(text);
    std::string joined;
    auto begin = line_begin(text, 0);
    bool open = false;
    for (auto at = begin; at < text.size();) {
        auto end = line_end(text, at);
        auto line = text.substr(at, end - at);
        while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
        if (!open) begin = at;
        at = end;
        // Comments between the parts of a continued line are passed over.
        if (auto content = trim(line); content.starts_with('#') || content.starts_with(';')) continue;
        joined = open ? joined + std::string(line) : std::string(line);
        open = ends_in_backslash(joined);
        if (open) {
            joined.back() = ' ';
        } else if (!doc.read_line({begin, end}, joined)) {
            return invalid("a section header without ']'", text, begin);
        }
    }
    if (open) return invalid("a backslash at the end that continues nothing", text, begin);
    return doc;
}

// False for a header that is not closed: systemd drops the whole file then.
bool IniDoc::read_line(Span span, const std::string& line) {
    auto content = trim(line);
    if (content.empty()) return true;
    if (content.starts_with('[')) {
        if (!content.ends_with(']')) return false;
        sections_.push_back({std::string(content.substr(1, content.size() - 2)), span, span.end});
        return true;
    }
    if (sections_.empty()) return true;
    sections_.back().content_end = span.end;
    auto equals = content.find('=');
    if (equals == std::string_view::npos) return true;
    entries_.push_back({.section = sections_.back().name,
                        .key = std::string(trim(content.substr(0, equals))),
                        .value = std::string(trim(content.substr(equals + 1))),
                        .span = span});
    return true;
}

std::vector<std::string> IniDoc::sections() const {
    std::vector<std::string> names;
    for (const auto& section : sections_)
        if (std::find(names.begin(), names.end(), section.name) == names.end()) names.push_back(section.name);
    return names;
}

std::vector<std::string> IniDoc::values(std::string_view section, std::string_view key) const {
    std::vector<std::string> found;
    for (const auto& entry : entries_)
        if (entry.section == section && entry.key == key) found.push_back(entry.value);
    return found;
}

// `lines` put in behind an offset where a line ends; a missing final newline stays missing.
Edit IniDoc::insertion(std::size_t behind, std::string lines) const {
    auto start = has_bom(text_) ? kBom.size() : 0;
    if (behind > start && text_[behind - 1] != '\n') {
        lines.pop_back();
        lines.insert(0, "\n");
    }
    return {.span = {behind, behind}, .replacement = with_newlines_of(std::move(lines), text_)};
}

Edit IniDoc::addition(std::string_view section, const std::string& lines) const {
    auto last = std::find_if(sections_.rbegin(), sections_.rend(),
                             [&](const Section& s) { return s.name == section; });
    if (last != sections_.rend()) return insertion(last->content_end, lines);
    bool gap = !is_blank(text_) && !text_.ends_with("\n\n") && !text_.ends_with("\r\n\r\n");
    return insertion(text_.size(), cat(gap ? "\n" : "", "[", section, "]\n", lines));
}

Result<std::vector<Edit>> IniDoc::set_values(std::string_view section, std::string_view key,
                                             const std::vector<std::string>& wanted) const {
    for (auto name : {section, key}) TRY(nameable(name));
    for (const auto& value : wanted) TRY(writable_value(value));
    std::vector<const IniEntry*> old;
    for (const auto& entry : entries_)
        if (entry.section == section && entry.key == key) old.push_back(&entry);
    const auto limit = std::min(old.size(), wanted.size());
    std::size_t front = 0;
    while (front < limit && old[front]->value == wanted[front]) ++front;
    std::size_t back = 0;
    while (back < limit - front && old[old.size() - 1 - back]->value == wanted[wanted.size() - 1 - back])
        ++back;

    // Lines of the middle are replaced one by one; what is left over on either side is taken out or put in
    // behind them.
    std::vector<Edit> edits;
    auto i = front;
    for (; i < limit - back; ++i) {
        Edit edit{.span = old[i]->span,
                  .replacement = with_newlines_of(cat(key, "=", wanted[i], "\n"), text_)};
        if (text_[edit.span.end - 1] != '\n') edit.replacement = cat(key, "=", wanted[i]);
        edits.push_back(std::move(edit));
    }
    for (auto gone = i; gone < old.size() - back; ++gone)
        edits.push_back({.span = old[gone]->span, .replacement = {}});
    std::string lines;
    for (; i < wanted.size() - back; ++i) lines += cat(key, "=", wanted[i], "\n");
    if (lines.empty()) return edits;
    auto behind = old.size() - back;
    if (behind > 0)
        edits.push_back(insertion(old[behind - 1]->span.end, lines));
    else if (back > 0)
        edits.push_back({.span = {old[0]->span.begin, old[0]->span.begin},
                         .replacement = with_newlines_of(lines, text_)});
    else
        edits.push_back(addition(section, lines));
    return edits;
}

}  // namespace mirrorctl::text
