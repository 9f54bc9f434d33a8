// Four ways to quote a value: what is written is read back, and what is read can be written again.
#include "text/quote.hpp"

#include "fuzz/oracle.hpp"
#include "text/lines.hpp"
#include "text/shell_word.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

// One line of UTF-8 without control characters but tab: what every grammar must be able to hold.
bool can_be_written(std::string_view value) {
    return is_printable(value) && value.find('\n') == std::string_view::npos;
}

template <class Quote, class Unquote>
void check(const std::string& text, Quote quote, Unquote unquote) {
    auto quoted = quote(text);
    if (can_be_written(text)) LAW(quoted.has_value(), text);
    if (!quoted) EXPECT_ERROR(quoted.error(), ErrorCode::usage);
    if (quoted) {
        auto back = unquote(*quoted);
        LAW(back.has_value(), *quoted);
        LAW(*back == text, *quoted);
    }
    auto read = unquote(text);
    if (!read) {
        EXPECT_ERROR(read.error(), ErrorCode::parse, ErrorCode::unsupported_layout);
        return;
    }
    auto again = quote(*read);
    if (again) LAW(unquote(*again).value() == *read, *again);
}

Result<std::string> one_unit_word(std::string_view text) {
    TRY_ASSIGN(auto words, text::split_unit_words(text));
    if (words.size() != 1)
        return Failure(Error{.code = ErrorCode::unsupported_layout, .message = "not one word"});
    return words.front();
}

// Words of any number: quoted and put side by side they are the same words.
void check_words(const std::string& text) {
    auto words = text::split_unit_words(text);
    if (!words) return;
    std::vector<std::string> quoted;
    for (const auto& word : *words) {
        auto one = text::quote_unit_word(word);
        if (!one) return;
        quoted.push_back(*one);
    }
    LAW(text::split_unit_words(join(quoted, " ")).value() == *words, join(quoted, " "));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(view_of(data, size));
    check(text, text::quote_unit_word, one_unit_word);
    check(text, text::quote_env_file, text::unquote_env_file);
    check(text, text::quote_shell, text::unquote_shell);
    check(text, text::quote_toml, text::unquote_toml);
    check_words(text);
    LAW(text::read_shell_word(text, 0).end <= text.size());
    return 0;
}
