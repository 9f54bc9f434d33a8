// Options that matter to fleets: --ranking, --splay, --metrics. Part of parse.cpp, which is long enough.
#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace mirrorctl::cli {

// The values must live until the parse is done.
void add_ranking(CLI::App& command, std::string& file);
void add_splay(CLI::App& command, std::string& time);
void add_metrics(CLI::App& command, std::string& file);

}  // namespace mirrorctl::cli
