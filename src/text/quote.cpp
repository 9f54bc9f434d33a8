#include "text/quote.hpp"

#include "base/strings.hpp"
#include "text/env_doc.hpp"
#include "text/lines.hpp"
#include "text/shell_word.hpp"
#include "text/utf8.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

Failure unreadable(std::string_view what, std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse, .message = cat("cannot read ", what, ": ", why)});
}

Failure undecidable(std::string_view what, std::string_view why) {
    return Failure(
        Error{.code = ErrorCode::unsupported_layout, .message = cat("cannot read ", what, ": ", why)});
}

// What none of the grammars can hold in one line, whatever the quotes. The value itself may be a secret: it
// is not named.
Result<void> writable(std::string_view value) {
    auto refuse = [](std::string_view why) {
        return Failure(Error{.code = ErrorCode::usage, .message = cat("cannot write a value: ", why)});
    };
    if (find_invalid_utf8(value) != std::string_view::npos) return refuse("it is not valid UTF-8");
    bool control = std::any_of(value.begin(), value.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
    if (control) return refuse("it holds a line end or another control character");
    return {};
}

// `value` between double quotes with a backslash in front of the characters in `special`.
std::string double_quoted(std::string_view value, std::string_view special) {
    std::string out = "\"";
    for (char c : value) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out + '"';
}

// Appends what the escape means whose text behind the backslash begins here; its length, 0 if there is no
// such escape.
std::size_t unescape_toml(std::string_view text, std::string& out) {
    constexpr std::string_view kNames = "btnfr\"\\";
    constexpr std::string_view kValues = "\b\t\n\f\r\"\\";
    if (text.empty()) return 0;
    if (auto name = kNames.find(text[0]); name != std::string_view::npos) {
        out += kValues[name];
        return 1;
    }
    std::size_t count = text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
    if (count == 0 || text.size() <= count) return 0;
    std::uint64_t code = 0;
    for (char c : text.substr(1, count)) {
        auto digit = std::string_view("0123456789abcdef").find(lower(std::string(1, c)));
        if (digit == std::string_view::npos) return 0;
        code = code * 16 + digit;
    }
    if (!is_code_point(code)) return 0;
    append_utf8(out, static_cast<std::uint32_t>(code));
    return count + 1;
}

}  // namespace

Result<std::string> quote_unit_word(std::string_view word) {
    TRY(writable(word));
    return replace_all(double_quoted(word, "\\\""), "%", "%%");
}

Result<std::string> quote_env_file(std::string_view value) {
    TRY(writable(value));
    return double_quoted(value, "\\\"$`");
}

Result<std::string> unquote_env_file(std::string_view text) {
    TRY_ASSIGN(auto doc, EnvDoc::parse(cat("X=", text), EnvGrammar::systemd));
    if (doc.entries().size() != 1 || doc.entries()[0].name != "X")
        return unreadable("a value", "it is more than one line");
    return doc.entries()[0].value;
}

Result<std::string> quote_shell(std::string_view value) {
    TRY(writable(value));
    return cat("'", replace_all(std::string(value), "'", "'\\''"), "'");
}

Result<std::string> unquote_shell(std::string_view text) {
    auto word = read_shell_word(text, 0);
    if (word.open_quote) return unreadable("a shell word", "a quote is not closed");
    if (word.end != text.size()) return undecidable("a shell word", "it is more than one word");
    if (!word.literal) return undecidable("a shell word", "its value depends on the shell");
    return word.value;
}

Result<std::string> quote_toml(std::string_view value) {
    TRY(writable(value));
    return replace_all(double_quoted(value, "\\\""), "\t", "\\t");
}

Result<std::string> unquote_toml(std::string_view text) {
    constexpr std::string_view kWhat = "a TOML string";
    if (text.size() < 2 || text.front() != text.back()) return unreadable(kWhat, "no quotes around it");
    auto inner = text.substr(1, text.size() - 2);
    if (inner.find('\n') != std::string_view::npos) return unreadable(kWhat, "a line end in it");
    if (text.front() == '\'') {
        if (inner.find('\'') != std::string_view::npos) return unreadable(kWhat, "a quote in it");
        return std::string(inner);
    }
    if (text.front() != '"') return unreadable(kWhat, "no quotes around it");
    std::string out;
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] == '"') return unreadable(kWhat, "a quote in it");
        if (inner[i] != '\\') {
            out += inner[i];
            continue;
        }
        auto used = unescape_toml(inner.substr(i + 1), out);
        if (used == 0) return unreadable(kWhat, "an unknown escape");
        i += used;
    }
    return out;
}

Result<std::string> quote_html(std::string_view value) {
    TRY(writable(value));
    std::string out;
    for (char c : value) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace mirrorctl::text
