// Unit files, command lines and environment files as the engines' units have them.
#include "engines/unit_file.hpp"

#include "engines/flags.hpp"
#include "fuzz/oracle.hpp"
#include "text/env_doc.hpp"
#include "text/ini_doc.hpp"
#include "text/quote.hpp"

namespace {

using namespace mirrorctl;

// What was read, written plainly, is read as the same.
void check_unit(std::string_view text) {
    auto read = engines::parse_unit_text(text);
    std::string plain;
    for (const auto& one : read) {
        LAW(!one.section.empty() && one.value == trim(one.value) && one.key == trim(one.key));
        if (one.value.ends_with('\\')) return;  // only the last line of a file can say that
        plain += cat("[", one.section, "]\n", one.key, "=", one.value, "\n");
    }
    auto again = engines::parse_unit_text(plain);
    LAW(again.size() == read.size(), plain);
    for (std::size_t i = 0; i < read.size(); ++i)
        LAW(again[i].section == read[i].section && again[i].key == read[i].key &&
                again[i].value == read[i].value,
            plain);
}

void check_words(std::string_view text) {
    auto words = engines::split_words(text);
    std::string quoted;
    for (const auto& word : words)
        quoted += cat("\"", replace_all(replace_all(word, "\\", "\\\\"), "\"", "\\\""), "\" ");
    LAW(engines::split_words(quoted) == words, quoted);
    std::vector<engines::Word> command;
    for (const auto& word : words) command.push_back({word, "x"});
    for (const auto& flag : engines::flags_of(command)) {
        auto name = engines::flag_name(flag.flag);
        LAW(flag.flag.size() >= engines::flag_value(flag.flag).size());
        (void)engines::last_value(engines::flags_of(command), name);
    }
}

// The editor's reader of the same grammar: where it sees a plain assignment, the engines' reader sees the
// same.
void check_environment(std::string_view text) {
    auto variables = engines::parse_environment_file(text);
    std::string plain;
    for (const auto& [name, value] : variables) {
        auto quoted = text::quote_env_file(value);
        if (!quoted || name.empty() || name.find_first_of("#;\"'\\\n\r\t ") == 0) return;
        plain += cat(name, "=", *quoted, "\n");
    }
    LAW(engines::parse_environment_file(plain) == variables, plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view_of(data, size);
    check_unit(text);
    check_words(text);
    check_environment(text);
    return 0;
}
