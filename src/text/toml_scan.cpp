#include "text/toml_scan.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/quote.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::text {

namespace {

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text), at_(has_bom(text) ? kBom.size() : 0) {}

    Result<TomlScan> scan() {
        while (at_ < text_.size()) {
            skip_blanks();
            if (peek() == '[') {
                TRY(header());
            } else if (at_ < text_.size() &&
                       std::string_view("#\r\n").find(peek()) == std::string_view::npos) {
                TRY(assignment());
            }
            at_ = line_end(text_, at_);
        }
        set_bodies();
        return std::move(out_);
    }

    // Moves behind the value at the current place. False if it has no end.
    bool skip_value(std::vector<Span>* items = nullptr) {
        switch (peek()) {
            case '"':
            case '\'':
                return skip_string();
            case '[':
                return skip_bracketed(']', items);
            case '{':
                return skip_bracketed('}', nullptr);
            default:
                break;
        }
        // Dates may hold one blank between date and time: the value ends at what can follow it, blanks at its
        // end not counted.
        auto end = std::min(text_.find_first_of(",]}#\r\n", at_), text_.size());
        end = at_ + trim(text_.substr(at_, end - at_)).size();
        return std::exchange(at_, end) < end;
    }

    bool found_comment() const { return found_comment_; }

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size()); }
    Failure lost(std::size_t offset) const {
        return Failure(error_at(ErrorCode::internal, "cannot find the parts of a TOML file", text_, offset));
    }

    bool skip_string() {
        auto quote = text_.substr(at_, 1);
        auto triple = text_.substr(at_, 3);
        bool multi_line = triple == "\"\"\"" || triple == "'''";
        auto close = multi_line ? triple : quote;
        for (at_ += close.size(); at_ < text_.size(); ++at_) {
            if (quote == "\"" && peek() == '\\') {
                ++at_;
            } else if (text_.substr(at_).starts_with(close)) {
                at_ += close.size();
                // Up to two more quotes may stand directly in front of the closing ones and belong to the
                // string.
                while (multi_line && text_.substr(at_, 1) == quote) ++at_;
                return true;
            }
        }
        return false;
    }

    // Blanks, line ends and comments inside brackets.
    void skip_filling() {
        for (;;) {
            at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
            if (peek() != '#') return;
            found_comment_ = true;
            at_ = line_end(text_, at_);
        }
    }

    // Depth is bounded by the parser that accepted the text.
    bool skip_bracketed(char close, std::vector<Span>* items) {
        for (++at_; at_ < text_.size();) {
            skip_filling();
            if (peek() == close) return ++at_, true;
            if (peek() == ',') {
                ++at_;
                continue;
            }
            if (close == '}') {
                if (!skip_key()) return false;
                if (peek() != '=') return false;
                ++at_;
                skip_blanks();
            }
            Span item{at_, at_};
            if (!skip_value()) return false;
            item.end = at_;
            if (items != nullptr) items->push_back(item);
        }
        return false;
    }

    // A dotted key and the blanks behind it; `path` gets its parts.
    bool skip_key(Path* path = nullptr) {
        for (;;) {
            skip_blanks();
            auto begin = at_;
            if (peek() == '"' || peek() == '\'') {
                if (!skip_string()) return false;
                auto key = unquote_toml(text_.substr(begin, at_ - begin));
                if (!key) return false;
                if (path != nullptr) path->push_back(*std::move(key));
            } else {
                at_ = std::min(text_.find_first_of(" \t\r\n.=[]{}#,\"'", at_), text_.size());
                if (at_ == begin) return false;
                if (path != nullptr) path->emplace_back(text_.substr(begin, at_ - begin));
            }
            key_end_ = at_;
            skip_blanks();
            if (peek() != '.') return true;
            ++at_;
        }
    }

    Result<void> header() {
        TomlTable table;
        table.header.begin = at_;
        table.array = text_.substr(at_, 2) == "[[";
        at_ += table.array ? 2 : 1;
        if (!skip_key(&table.path) || peek() != ']') return lost(table.header.begin);
        at_ += table.array ? 2 : 1;
        table.header.end = at_;
        below_array_ =
            table.array || std::any_of(out_.tables.begin(), out_.tables.end(), [&](const TomlTable& other) {
                return other.array && starts_with(table.path, other.path);
            });
        out_.tables.push_back(std::move(table));
        return {};
    }

    Result<void> assignment() {
        TomlAssignment found;
        if (!out_.tables.empty()) found.path = out_.tables.back().path;
        found.table = out_.tables.size();
        found.below_array = below_array_;
        found.key.begin = at_;
        if (!skip_key(&found.path) || peek() != '=') return lost(found.key.begin);
        found.key.end = key_end_;
        ++at_;
        skip_blanks();
        found.value.begin = at_;
        if (!skip_value()) return lost(found.key.begin);
        found.value.end = at_;
        found.lines = {line_begin(text_, found.key.begin), line_end(text_, at_)};
        out_.assignments.push_back(std::move(found));
        return {};
    }

    // From each header upwards over the comment lines that touch it.
    void set_bodies() {
        const auto start = has_bom(text_) ? kBom.size() : 0;
        for (auto& table : out_.tables) {
            auto begin = line_begin(text_, table.header.begin);
            auto top = begin;
            auto floor = start;  // a line of a long string may look like a comment
            for (const auto& assignment : out_.assignments)
                if (assignment.lines.end <= begin) floor = std::max(floor, assignment.lines.end);
            while (top > floor) {
                auto above = line_begin(text_, top - 1);
                if (!trim(text_.substr(above, top - above)).starts_with('#')) break;
                top = above;
            }
            table.body.begin = top == start && top != begin && &table == &out_.tables.front() ? begin : top;
        }
        for (std::size_t i = 0; i < out_.tables.size(); ++i)
            out_.tables[i].body.end =
                i + 1 < out_.tables.size() ? out_.tables[i + 1].body.begin : text_.size();
    }

    std::string_view text_;
    std::size_t at_;
    std::size_t key_end_ = 0;
    bool below_array_ = false;
    bool found_comment_ = false;
    TomlScan out_ = {};
};

}  // namespace

Result<TomlScan> scan_toml(std::string_view text) {
    return Scanner(text).scan();
}

TomlValueParts scan_toml_value(std::string_view value) {
    TomlValueParts parts;
    Scanner scanner(value);
    scanner.skip_value(&parts.items);
    parts.has_comment = scanner.found_comment();
    return parts;
}

}  // namespace mirrorctl::text
