// Work with strangers' bytes, done in a child process that may do almost nothing.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace mirrorctl::sys {

using Send = std::function<void(std::string_view message)>;
using StopRequested = std::function<bool()>;

inline constexpr double kNoEnd = std::numeric_limits<double>::infinity();

struct ConfinedJob {
    // Runs in the child. What it sends is all that comes back; it may throw, and it may crash.
    std::function<void(const Send& send, const StopRequested& stop_requested)> work = {};
    // Runs here, for each message, in order. An error ends the child.
    std::function<Result<void>(const std::string& message)> receive = {};
    double seconds = 60;                  // then the child is ended; kNoEnd: as long as it takes
    double patience = 0;                  // seconds for an end in good order after SIGINT, SIGTERM or SIGHUP
    std::size_t max_message = 4U << 20U;  // bytes
    std::size_t max_total = 64U << 20U;
};

// Forks, and gives up in the child, before `work` begins: every descriptor but those of its parent, root (to
// uid and gid 65534, no groups, no capabilities), new privileges (PR_SET_NO_NEW_PRIVS), writing of any file,
// starting programs and processes (threads it may have), tracing, signalling and limiting others, new
// namespaces, sockets other than of the internet and of this machine (a seccomp filter; RLIMIT_FSIZE 0). It
// dies with its parent, and nobody waits for it longer than `seconds` and a moment, whatever it does. What it
// reads it reads as nobody: what needs more must be in memory before.
//
// In a user namespace without uid 65534 the uid stays; the rest holds. A kernel without seccomp filters gives
// no filter. A signal ends the child at once; with `patience` it is asked to stop, and no error if it does.
//
// Errors: interrupted, io (no child), network (it crashed, took too long or sent too much), what `receive`
// said.
Result<void> run_confined(const ConfinedJob& job);

}  // namespace mirrorctl::sys
