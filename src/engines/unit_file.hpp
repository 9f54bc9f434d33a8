// The text of systemd unit files and environment files. Pure. Grammar: systemd.syntax(7) and systemd.exec(5)
// of systemd 252.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl::engines {

struct Assignment {
    std::string section;  // "Service"
    std::string key;      // "ExecStart"
    std::string value;    // blanks at both ends removed; "" resets a list
};

// Assignments in order. Lines that end in a backslash go on in the next one (joined by a blank), comments in
// between are skipped; what is no assignment is ignored, as systemd does (it warns and goes on).
std::vector<Assignment> parse_unit_text(std::string_view text);

// Words of a command line: blanks separate, double and single quotes group, backslash escapes as in C. "$$"
// and "%%" stay as they are.
std::vector<std::string> split_words(std::string_view text);

using Variable = std::pair<std::string, std::string>;

// An EnvironmentFile=: NAME=value lines, shell-like quotes, '#' and ';' comments; no expansion. Later lines
// win where the caller looks.
std::vector<Variable> parse_environment_file(std::string_view text);

}  // namespace mirrorctl::engines
