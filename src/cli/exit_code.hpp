// The exit status of every command, chosen in one place.
#pragma once

#include "base/error.hpp"
#include "model/receipt.hpp"

namespace mirrorctl::cli {

enum class ExitCode {
    done = 0,
    failed = 1,  // and the system is unchanged
    usage = 2,
    differences = 3,  // only with --exit-code
    refused = 4,      // stale plan or foreign change, found before anything was written
    rolled_back = 5,
    stuck = 6,  // not restored, a manual step was printed
    lock_held = 7,
    no_usable_mirror = 8,
    nothing_selected = 9,  // sync: no rule selected an image
    quota = 10,            // sync: a registry's pull limit is used up
};

ExitCode exit_code(const Error& error);
ExitCode exit_code(const Receipt& receipt);

}  // namespace mirrorctl::cli
