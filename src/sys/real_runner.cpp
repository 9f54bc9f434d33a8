#include "sys/real_runner.hpp"

#include "base/strings.hpp"
#include "sys/process.hpp"
#include "sys/unix_get.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace mirrorctl::sys {

namespace {

constexpr std::size_t kMostOutput = 1U << 20U;
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> look_up(const std::string& name, const std::vector<std::string>& folders) {
    if (name.starts_with('/') && is_program(name)) return name;
    for (const auto& folder : folders)
        if (auto path = cat(folder, "/", name); name.find('/') == std::string::npos && is_program(path))
            return path;
    return Failure(
        Error{.code = ErrorCode::not_found, .message = cat("cannot run: ", name, ": no such program")});
}

}  // namespace

Surroundings fixed_surroundings() {
    return {.folders = split(kPath, ':'), .environment = {cat("PATH=", kPath), "LC_ALL=C.UTF-8", "HOME=/root"}};
}

Surroundings callers_surroundings() {
    Surroundings out;
    for (char** entry = environ; *entry != nullptr; ++entry) out.environment.emplace_back(*entry);
    const char* path = ::getenv("PATH");
    if (path != nullptr && ::geteuid() != 0)
        for (auto& folder : split(path, ':'))
            if (folder.starts_with('/')) out.folders.push_back(std::move(folder));
    for (auto& folder : split(kPath, ':')) out.folders.push_back(std::move(folder));
    return out;
}

RealRunner::RealRunner(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

Result<Finished> RealRunner::run(const Command& command) {
    if (command.argv.empty())
        return Failure(Error{.code = ErrorCode::internal, .message = "cannot run: an empty command"});
    TRY_ASSIGN(auto program, look_up(command.argv.front(), surroundings_.folders));
    TRY_ASSIGN(auto process, Process::start(program, command, surroundings_.environment));
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
