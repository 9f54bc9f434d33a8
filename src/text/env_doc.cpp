#include "text/env_doc.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/quote.hpp"
#include "text/shell_word.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

bool is_name(std::string_view name) {
    auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::all_of(name.begin(), name.end(), good);
}

// The state machine of parse_env_file_internal (src/basic/env-file.c, v252), one assignment at a time.
class SystemdReader {
  public:
    explicit SystemdReader(std::string_view text) : text_(text), at_(has_bom(text) ? kBom.size() : 0) {}

    Result<std::vector<EnvEntry>> read() {
        std::vector<EnvEntry> entries;
        while (at_ < text_.size()) {
            auto begin = at_;
            at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
            if (at_ == text_.size()) break;
            if (text_[at_] == '#' || text_[at_] == ';') {
                TRY(comment());
                continue;
            }
            begin = std::max(begin, line_begin(text_, at_));
            // A '=' at the very start is part of the name.
            auto stop = text_.find_first_of("=\r\n", at_ + 1);
            if (stop == std::string_view::npos) break;
            EnvEntry entry{.name = std::string(trim(text_.substr(at_, stop - at_)))};
            at_ = stop + 1;
            if (text_[stop] != '=') continue;  // no assignment: systemd passes over it
            TRY(value(entry.value, begin));
            entry.span = {begin, at_};
            entries.push_back(std::move(entry));
        }
        return entries;
    }

  private:
    Result<void> comment() {
        auto end = line_end(text_, at_);
        if (trim(text_.substr(at_, end - at_)).ends_with('\\'))
            return Failure(error_at(ErrorCode::unsupported_layout,
                                    "cannot edit the file: a comment that ends in a backslash", text_, at_));
        at_ = end;
        return {};
    }

    // Quotes count only in front of the first plain character; behind that they are part of the value.
    Result<void> value(std::string& out, std::size_t begin) {
        std::size_t solid = 0;  // blanks beyond this length are dropped
        bool plain = false;
        while (at_ < text_.size()) {
            char c = text_[at_++];
            if (c == '\n' || c == '\r') {
                if (c == '\r' && text_.substr(at_, 1) == "\n") ++at_;
                break;
            }
            bool blank = c == ' ' || c == '\t';
            if (!plain && blank) continue;
            if (!plain && (c == '"' || c == '\'')) {
                if (!(c == '"' ? double_quoted(out) : single_quoted(out)))
                    return Failure(error_at(ErrorCode::parse,
                                            "invalid environment file: a quote is not closed", text_, begin));
                solid = out.size();
                continue;
            }
            plain = true;
            if (c == '\\') {
                if (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') out += text_[at_];
                ++at_;
                solid = out.size();
                continue;
            }
            out += c;
            if (!blank) solid = out.size();
        }
        at_ = std::min(at_, text_.size());
        out.resize(solid);
        return {};
    }

    bool single_quoted(std::string& out) {
        auto close = text_.find('\'', at_);
        if (close == std::string_view::npos) return false;
        out += text_.substr(at_, close - at_);
        at_ = close + 1;
        return true;
    }

    bool double_quoted(std::string& out) {
        while (at_ < text_.size()) {
            char c = text_[at_++];
            if (c == '"') return true;
            if (c == '\\' && at_ < text_.size()) {
                c = text_[at_++];
                if (c == '\n') continue;
                if (std::string_view("\"\\`$").find(c) == std::string_view::npos) out += '\\';
            }
            out += c;
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_;
};

// One line of a shell file; nullopt if it is no assignment. The span may reach over several lines.
Result<std::optional<EnvEntry>> read_shell_line(std::string_view text, std::size_t begin) {
    auto at = begin + indent_at(text, begin).size();
    EnvEntry entry;
    if (text.substr(at).starts_with("export ")) {
        entry.exported = true;
        at = std::min(text.find_first_not_of(" \t", at + 7), text.size());
    }
    auto equals = text.find_first_of("= \t\r\n;", at);
    if (equals == std::string_view::npos || text[equals] != '=' || !is_name(text.substr(at, equals - at)))
        return std::nullopt;
    entry.name = std::string(text.substr(at, equals - at));
    auto word = read_shell_word(text, equals + 1);
    if (word.open_quote)
        return Failure(error_at(ErrorCode::parse, "invalid shell file: a quote is not closed", text, begin));
    entry.span = {begin, line_end(text, word.end)};
    auto rest = text.substr(word.end, entry.span.end - word.end);
    auto more = trim(rest);
    entry.literal = word.literal && (more.empty() || (more[0] == '#' && rest[0] != '#') || more == ";");
    if (entry.literal) entry.value = std::move(word.value);
    return entry;
}

Result<std::vector<EnvEntry>> read_shell(std::string_view text) {
    std::vector<EnvEntry> entries;
    for (auto at = line_begin(text, 0); at < text.size();) {
        TRY_ASSIGN(std::optional<EnvEntry> entry, read_shell_line(text, at));
        at = entry ? entry->span.end : line_end(text, at);
        if (entry) entries.push_back(*std::move(entry));
    }
    return entries;
}

// Would a line put in at the end be taken for the rest of the last one?
bool ends_in_continuation(std::string_view text) {
    auto last = text.substr(0, text.find_last_not_of("\r\n") + 1);
    last.remove_prefix(line_begin(last, last.size()));
    auto slashes = last.size() - (last.find_last_not_of('\\') + 1);
    return slashes % 2 == 1 && !trim(last).starts_with('#');
}

}  // namespace

Result<EnvDoc> EnvDoc::parse(std::string_view text, EnvGrammar grammar) {
    if (auto nul = text.find('\0'); nul != std::string_view::npos)
        return Failure(error_at(ErrorCode::parse, "invalid environment file: a NUL byte", text, nul));
    // systemd ends a line there, a shell takes it for a part of a word, people do not see it.
    if (auto cr = find_bare_cr(text); cr != std::string_view::npos)
        return Failure(error_at(ErrorCode::parse, "invalid environment file: a carriage return inside a line",
                                text, cr));
    EnvDoc doc;
    doc.text_ = std::string(text);
    doc.grammar_ = grammar;
    TRY_ASSIGN(doc.entries_, grammar == EnvGrammar::systemd ? SystemdReader(text).read() : read_shell(text));
    return doc;
}

Result<std::optional<std::string>> EnvDoc::value_of(std::string_view name) const {
    auto last = std::find_if(entries_.rbegin(), entries_.rend(),
                             [&](const EnvEntry& entry) { return entry.name == name; });
    if (last == entries_.rend()) return std::nullopt;
    if (!last->literal)
        return Failure(error_at(ErrorCode::unsupported_layout,
                                cat("cannot read ", printable_line(name), ": its value depends on the shell"),
                                text_, last->span.begin));
    return last->value;
}

Result<std::vector<Edit>> EnvDoc::set(std::string_view name, std::string_view value) const {
    if (!is_name(name))
        return Failure(
            Error{.code = ErrorCode::usage, .message = cat("not a variable's name: ", printable_line(name))});
    TRY_ASSIGN(std::optional<std::string> current, value_of(name));
    if (current && *current == value) return std::vector<Edit>{};
    TRY_ASSIGN(std::string token,
               grammar_ == EnvGrammar::systemd ? quote_env_file(value) : quote_shell(value));
    auto newline = newline_of(text_);
    if (!current) {
        if (ends_in_continuation(text_))
            return Failure(error_at(ErrorCode::unsupported_layout,
                                    "cannot add a line: the last one ends in a backslash", text_,
                                    text_.size()));
        auto prefix =
            text_.empty() || is_blank(text_) || has_final_newline(text_) ? std::string_view() : newline;
        auto suffix = prefix.empty() ? newline : std::string_view();
        auto line = cat(prefix, grammar_ == EnvGrammar::shell ? "export " : "", name, "=", token, suffix);
        return std::vector<Edit>{{.span = {text_.size(), text_.size()}, .replacement = line}};
    }
    auto last = std::find_if(entries_.rbegin(), entries_.rend(),
                             [&](const EnvEntry& entry) { return entry.name == name; });
    auto old = std::string_view(text_).substr(last->span.begin, last->span.end - last->span.begin);
    auto line = cat(indent_at(text_, last->span.begin), last->exported ? "export " : "", name, "=", token,
                    old.ends_with('\n') ? newline : std::string_view());
    return std::vector<Edit>{{.span = last->span, .replacement = line}};
}

std::vector<Edit> EnvDoc::remove(std::string_view name) const {
    std::vector<Edit> edits;
    for (const auto& entry : entries_)
        if (entry.name == name) edits.push_back({.span = entry.span, .replacement = {}});
    return edits;
}

}  // namespace mirrorctl::text
