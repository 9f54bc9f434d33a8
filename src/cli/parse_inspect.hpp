// The grammar of the commands that only look: status, doctor, explain. Part of parse.cpp, which is long
// enough.
#pragma once

#include "cli/options.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace mirrorctl::cli {

struct InspectOptions {
    StatusOptions status = {};
    DoctorOptions doctor = {};
    ExplainOptions explain = {};
};

// `options` must live until the parse is done.
void add_inspect_commands(CLI::App& app, InspectOptions& options);

}  // namespace mirrorctl::cli
