// Flags of an engine's command line, whatever way they were written.
#pragma once

#include "engines/units.hpp"
#include "model/node.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::engines {

// The flags of `words` (without the program): "--x y" and "-H y" become "--x=y" and "-H=y", so that one
// record holds one flag whole. Sound for dockerd and containerd, which take no positional arguments: a word
// without a dash is the value of the flag before it.
std::vector<FlagSource> flags_of(const std::vector<Word>& words);

// "--registry-mirror=x" -> "registry-mirror"; dockerd's short forms by their long name ("-H" -> "host"),
// pflag and its table in docker/cli docs/reference/dockerd.md.
std::string flag_name(std::string_view flag);

// The value after '=', "" if there is none.
std::string flag_value(std::string_view flag);

// The last value given for `name`, as the engines decide for flags that hold one value.
std::optional<std::string> last_value(const std::vector<FlagSource>& flags, std::string_view name);

// Adds the flags of a running command line that no file explains.
void add_running(std::vector<FlagSource>& flags, const std::vector<std::string>& argv,
                 const std::string& where);

}  // namespace mirrorctl::engines
