// The one error type of all layers. Messages read "what failed: object: why" (lower case, no full stop); the
// hint is a command or a step that the user can take. Nobody branches on message text, only on `code`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl {

enum class ErrorCode {
    usage,               // wrong command line, unknown profile, unknown target
    unknown_profile,     //
    parse,               // a file or an answer does not follow its grammar
    duplicate_key,       // the same key twice in a user's file
    unsupported_layout,  // the file is valid, but its shape is one we do not edit
    conflict,            // something else on this node owns the value (a dockerd flag, legacy mirrors)
    not_found,
    permission_denied,
    not_root,
    no_space,
    read_only,
    busy,         // EBUSY: a bind mount in the way
    unsafe_path,  // a link, hard link or owner that must not be followed
    io,
    lock_held,
    stale_plan,      // the disk has moved on since the plan was made
    foreign_change,  // a file is in none of the planned states
    network,         // could not reach a server
    proxy,           // the proxy refused or cannot be reached
    http,            // a server answered, but not usefully
    digest_mismatch,
    no_usable_mirror,
    check_failed,       // a daemon's own validation said no
    activation_failed,  // a daemon did not take the change
    corrupt_state,      // our own state directory does not make sense
    interrupted,
    internal,
};

// The stable name that --json prints, e.g. "unsupported_layout".
std::string_view name_of(ErrorCode code);

// A place in a file of the user, 1-based; column counts code points. 0 = unknown.
struct Location {
    std::string file;
    int line = 0;
    int column = 0;
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    std::string hint = {};
    std::optional<int> cause =
        {};  // errno, curl code, HTTP status or exit status: which one follows from `code`
    std::optional<Location> location = {};
    std::vector<std::string> context = {};  // outermost first
};

// "context: file:line:column: message", without the hint, control characters removed.
std::string to_string(const Error& error);

// An error that carries errno: picks the code (permission_denied, no_space, ...) and appends the system's
// text.
Error errno_error(int errno_value, std::string_view what, std::string_view object);

}  // namespace mirrorctl
