#include "engines/unit_file.hpp"

#include "base/strings.hpp"

namespace mirrorctl::engines {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_comment(std::string_view line) {
    return !line.empty() && (line[0] == '#' || line[0] == ';');
}

// Logical lines: continuations joined.
std::vector<std::string> logical_lines(std::string_view text) {
    std::vector<std::string> lines;
    std::string open;
    bool continued = false;
    for (const auto& raw : split(text, '\n')) {
        auto line = trim(raw);
        if (is_comment(line)) continue;
        bool goes_on = !line.empty() && line.back() == '\\';
        if (goes_on) line.remove_suffix(1);
        open.append(continued ? " " : "").append(trim(line));
        continued = goes_on;
        if (goes_on) continue;
        if (!open.empty()) lines.push_back(open);
        open.clear();
    }
    if (!open.empty()) lines.push_back(open);
    return lines;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// text[at] follows a backslash; appends what it stands for and returns the position behind it.
std::size_t append_escape(std::string_view text, std::size_t at, std::string& out) {
    constexpr std::string_view kNames = "abfnrtvs";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v ";
    char c = text[at];
    if (auto known = kNames.find(c); known != std::string_view::npos) {
        out += kValues[known];
        return at + 1;
    }
    if (c == 'x' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0) {
        out += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
        return at + 3;
    }
    out += c;
    return at + 1;
}

// One value of an environment file from `at` on; stops behind the line's end. Unquoted blanks at the end do
// not count.
std::string environment_value(std::string_view text, std::size_t& at) {
    std::string value;
    std::size_t solid = 0;  // value up to here must stay
    char quote = '\0';
    for (; at < text.size() && (quote != '\0' || text[at] != '\n'); ++at) {
        char c = text[at];
        if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
            char next = text[++at];
            bool literal = quote == '"' && std::string_view("\"\\$`\n").find(next) == std::string_view::npos;
            if (literal) value += '\\';
            if (next != '\n') value += next;
            solid = value.size();
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
            solid = value.size();
        } else if (c == quote && quote != '\0') {
            quote = '\0';
            solid = value.size();
        } else {
            if (value.empty() && quote == '\0' && is_blank(c)) continue;
            value += c;
            if (quote != '\0' || !is_blank(c)) solid = value.size();
        }
    }
    value.resize(solid);
    return value;
}

}  // namespace

std::vector<Assignment> parse_unit_text(std::string_view text) {
    std::vector<Assignment> assignments;
    std::string section;
    for (const auto& line : logical_lines(text)) {
        if (line.front() == '[') {
            section = line.back() == ']' ? line.substr(1, line.size() - 2) : "";
            continue;
        }
        auto equals = line.find('=');
        if (equals == std::string::npos || section.empty()) continue;
        std::string_view view(line);
        assignments.push_back({.section = section,
                               .key = std::string(trim(view.substr(0, equals))),
                               .value = std::string(trim(view.substr(equals + 1)))});
    }
    return assignments;
}

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool open = false;  // a word has begun, even if it is empty so far ("")
    char quote = '\0';
    for (std::size_t at = 0; at < text.size();) {
        char c = text[at];
        if (quote == '\0' && is_blank(c)) {
            if (open) words.push_back(std::move(word));
            word.clear();
            open = false;
            ++at;
            continue;
        }
        open = true;
        if (c == '\\' && at + 1 < text.size()) {
            at = append_escape(text, at + 1, word);
            continue;
        }
        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (quote != '\0' && c == quote) {
            quote = '\0';
        } else {
            word += c;
        }
        ++at;
    }
    if (open) words.push_back(std::move(word));
    return words;
}

std::vector<Variable> parse_environment_file(std::string_view text) {
    std::vector<Variable> variables;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        auto end = text.find('\n', at);
        if (end == std::string_view::npos) end = text.size();
        auto equals = text.find('=', at);
        if (is_comment(text.substr(at, 1)) || equals == std::string_view::npos || equals > end) {
            at = end;
            continue;
        }
        std::string name(trim(text.substr(at, equals - at)));
        at = equals + 1;
        variables.emplace_back(std::move(name), environment_value(text, at));
    }
    return variables;
}

}  // namespace mirrorctl::engines
