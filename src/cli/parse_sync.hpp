// The grammar of sync. Part of parse.cpp, which is long enough.
#pragma once

#include "base/result.hpp"
#include "cli/options.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace mirrorctl::cli {

struct SyncWords {
    SyncOptions options = {};
    std::string rate = {};
};

// `words` must live until the parse is done.
void add_sync_command(CLI::App& app, SyncWords& words);
// Errors: usage.
Result<SyncOptions> sync_options(const SyncWords& words);

}  // namespace mirrorctl::cli
