// The command line. parse.cpp and its commands_*.cpp siblings are the only files that know CLI11.
#pragma once

#include "base/result.hpp"
#include "cli/options.hpp"

#include <string>
#include <variant>
#include <vector>

namespace mirrorctl::cli {

// A text that is the whole answer: --help, --version.
struct Answer {
    std::string text;
};

// Errors: usage, with a suggestion for a typo.
Result<std::variant<Invocation, Answer>> parse(const std::vector<std::string>& arguments);

// Names of all commands and their options, for `completion`: "" -> global ones.
struct CommandWords {
    std::string command;  // "apply", "profile show"
    std::string summary;
    std::vector<std::string> options;
};
std::vector<CommandWords> command_words();

}  // namespace mirrorctl::cli
