#include "sys/real_runner.hpp"

#include "base/strings.hpp"
#include "sys/process.hpp"
#include "sys/unix_get.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace mirrorctl::sys {

namespace {

constexpr std::size_t kMostOutput = 1U << 20U;
constexpr std::array<std::string_view, 6> kPath = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                   "/usr/bin",        "/sbin",          "/bin"};

bool is_program(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// The caller's PATH has no say: a root process must not run what a user put into his own folder.
Result<std::string> look_up(const std::string& name) {
    if (name.starts_with('/') && is_program(name)) return name;
    for (auto folder : kPath)
        if (auto path = cat(folder, "/", name); name.find('/') == std::string::npos && is_program(path))
            return path;
    return Failure(
        Error{.code = ErrorCode::not_found, .message = cat("cannot run: ", name, ": no such program")});
}

}  // namespace

Result<Finished> RealRunner::run(const Command& command) {
    if (command.argv.empty())
        return Failure(Error{.code = ErrorCode::internal, .message = "cannot run: an empty command"});
    TRY_ASSIGN(auto program, look_up(command.argv.front()));
    TRY_ASSIGN(auto process, Process::start(program, command.argv, command.input));
    Finished finished;
    if (!process.wait(command.timeout_seconds, kMostOutput)) {
        process.kill_group();
        finished.timed_out = true;
    }
    finished.exit_status = process.exit_status();
    finished.out = std::move(process.out());
    finished.err = std::move(process.err());
    return finished;
}

Result<std::string> RealRunner::get_unix(const std::string& socket_path, const std::string& url_path,
                                         double timeout_seconds) {
    return unix_get(socket_path, url_path, timeout_seconds);
}

}  // namespace mirrorctl::sys
