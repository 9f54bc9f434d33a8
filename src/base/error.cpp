#include "base/error.hpp"

#include "base/strings.hpp"

#include <cerrno>
#include <cstring>

namespace mirrorctl {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::usage:
            return "usage";
        case ErrorCode::unknown_profile:
            return "unknown_profile";
        case ErrorCode::parse:
            return "parse";
        case ErrorCode::duplicate_key:
            return "duplicate_key";
        case ErrorCode::unsupported_layout:
            return "unsupported_layout";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::permission_denied:
            return "permission_denied";
        case ErrorCode::not_root:
            return "not_root";
        case ErrorCode::no_space:
            return "no_space";
        case ErrorCode::read_only:
            return "read_only";
        case ErrorCode::busy:
            return "busy";
        case ErrorCode::unsafe_path:
            return "unsafe_path";
        case ErrorCode::io:
            return "io";
        case ErrorCode::lock_held:
            return "lock_held";
        case ErrorCode::stale_plan:
            return "stale_plan";
        case ErrorCode::foreign_change:
            return "foreign_change";
        case ErrorCode::network:
            return "network";
        case ErrorCode::proxy:
            return "proxy";
        case ErrorCode::http:
            return "http";
        case ErrorCode::digest_mismatch:
            return "digest_mismatch";
        case ErrorCode::no_usable_mirror:
            return "no_usable_mirror";
        case ErrorCode::check_failed:
            return "check_failed";
        case ErrorCode::activation_failed:
            return "activation_failed";
        case ErrorCode::corrupt_state:
            return "corrupt_state";
        case ErrorCode::interrupted:
            return "interrupted";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

std::string to_string(const Error& error) {
    std::string out;
    for (const auto& layer : error.context) out += layer + ": ";
    if (error.location) {
        out += error.location->file;
        if (error.location->line > 0) out += ":" + std::to_string(error.location->line);
        if (error.location->column > 0) out += ":" + std::to_string(error.location->column);
        out += ": ";
    }
    return printable(out + error.message);
}

Error errno_error(int errno_value, std::string_view what, std::string_view object) {
    ErrorCode code = ErrorCode::io;
    switch (errno_value) {
        case ENOENT:
            code = ErrorCode::not_found;
            break;
        case EACCES:
        case EPERM:
            code = ErrorCode::permission_denied;
            break;
        case ENOSPC:
        case EDQUOT:
            code = ErrorCode::no_space;
            break;
        case EROFS:
            code = ErrorCode::read_only;
            break;
        case EBUSY:
            code = ErrorCode::busy;
            break;
        case ELOOP:
        case EXDEV:
            code = ErrorCode::unsafe_path;
            break;
        default:
            break;
    }
    return {.code = code,
            .message = cat(what, ": ", object, ": ", std::strerror(errno_value)),
            .cause = errno_value};
}

}  // namespace mirrorctl
