// One word of a POSIX shell command, as far as it does not depend on the shell's state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mirrorctl::text {

struct ShellWord {
    std::string value = {};   // unquoted
    bool literal = true;      // false: expansions in it; `value` is then meaningless
    bool open_quote = false;  // the text ends inside quotes
    std::size_t end = 0;      // offset behind the word
};

// The word that begins at `at` (POSIX.1-2017 sections 2.2 and 2.3); empty if a blank, line end or operator
// stands there.
ShellWord read_shell_word(std::string_view text, std::size_t at);

}  // namespace mirrorctl::text
