#include "cli/exit_code.hpp"

namespace mirrorctl::cli {

ExitCode exit_code(const Error& error) {
    switch (error.code) {
        case ErrorCode::usage:
        case ErrorCode::unknown_profile:
            return ExitCode::usage;
        case ErrorCode::stale_plan:
        case ErrorCode::foreign_change:
            return ExitCode::refused;
        case ErrorCode::lock_held:
            return ExitCode::lock_held;
        case ErrorCode::no_usable_mirror:
            return ExitCode::no_usable_mirror;
        default:
            return ExitCode::failed;
    }
}

ExitCode exit_code(const Receipt& receipt) {
    switch (receipt.outcome) {
        case Outcome::unchanged:
            return receipt.error ? exit_code(*receipt.error) : ExitCode::done;
        case Outcome::committed:
            return ExitCode::done;
        case Outcome::rolled_back:
            return ExitCode::rolled_back;
        case Outcome::stuck:
            return ExitCode::stuck;
    }
    return ExitCode::failed;
}

}  // namespace mirrorctl::cli
