#include "base/strings.hpp"
#include "text/quote.hpp"
#include "text/utf8.hpp"

#include <optional>

namespace mirrorctl::text {

namespace {

Failure unreadable(std::string_view why) {
    return Failure(
        Error{.code = ErrorCode::parse, .message = cat("cannot read an Environment= line: ", why)});
}

// extract_first_word (src/basic/extract-word.c, v252) with the flags that config_parse_environ uses: UNQUOTE
// and CUNESCAPE.
class WordReader {
  public:
    explicit WordReader(std::string_view text) : text_(text) {}

    // nullopt at the end.
    Result<std::optional<std::string>> next() {
        while (!done() && is_blank(text_[at_])) ++at_;
        if (done()) return std::nullopt;
        std::string word;
        char quote = '\0';
        for (; !done(); ++at_) {
            char c = text_[at_];
            if (quote == '\0' && is_blank(c)) break;
            if (c == '\\') {
                TRY(escape(word));
            } else if (quote != '\0' ? c == quote : c == '"' || c == '\'') {
                quote = quote != '\0' ? '\0' : c;
            } else {
                word += c;
            }
        }
        if (quote != '\0') return unreadable("a quote is not closed");
        return word;
    }

  private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    bool done() const { return at_ >= text_.size(); }

    // cunescape_one (src/basic/escape.c): stands on the backslash, leaves at the last character of the
    // escape.
    Result<void> escape(std::string& out) {
        if (++at_ >= text_.size()) return unreadable("it ends in a backslash");
        constexpr std::string_view kNames = "abfnrtv\\\"'s";
        constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\\"' ";
        char c = text_[at_];
        if (auto name = kNames.find(c); name != std::string_view::npos) {
            out += kValues[name];
            return {};
        }
        if (c == 'x') return number(out, 1, 2, 16);
        if (c == 'u') return number(out, 1, 4, 16);
        if (c == 'U') return number(out, 1, 8, 16);
        if (c >= '0' && c <= '7') return number(out, 0, 3, 8);
        return unreadable("an unknown escape");
    }

    // `count` digits from `skip` characters on. \x and octal give a byte, \u and \U a code point.
    Result<void> number(std::string& out, std::size_t skip, std::size_t count, std::uint32_t base) {
        auto digits = text_.substr(at_ + skip, count);
        std::uint64_t code = 0;
        for (char c : digits) {
            auto digit = std::string_view("0123456789abcdef").find(lower(std::string(1, c)));
            if (digit >= base) return unreadable("an unknown escape");
            code = code * base + digit;
        }
        if (digits.size() != count || code == 0 || (count < 4 ? code > 0xFF : !is_code_point(code)))
            return unreadable("an unknown escape");
        if (count < 4)
            out += static_cast<char>(static_cast<unsigned char>(code));
        else
            append_utf8(out, static_cast<std::uint32_t>(code));
        at_ += skip + count - 1;
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

// Undoes `%%`. specifier_printf (src/shared/specifier.c) keeps a percent sign at the very end.
Result<std::string> without_specifiers(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size(); ++i) {
        out += word[i];
        if (word[i] != '%' || i + 1 == word.size()) continue;
        if (word[i + 1] != '%')
            return Failure(
                Error{.code = ErrorCode::unsupported_layout,
                      .message = "cannot read an Environment= line: a % specifier in it",
                      .hint = "a percent sign that is meant as such is written %% in a unit file"});
        ++i;
    }
    return out;
}

}  // namespace

Result<std::vector<std::string>> split_unit_words(std::string_view value) {
    WordReader reader(value);
    std::vector<std::string> words;
    for (;;) {
        TRY_ASSIGN(std::optional<std::string> word, reader.next());
        if (!word) return words;
        TRY_ASSIGN(std::string plain, without_specifiers(*word));
        words.push_back(std::move(plain));
    }
}

}  // namespace mirrorctl::text
