// The composition root: builds the real file system, runner, clock and transport, and nothing else.
#include "base/strings.hpp"
#include "cli/run.hpp"
#include "engines/discover.hpp"
#include "net/curl_transport.hpp"
#include "sys/real_clock.hpp"
#include "sys/real_fs.hpp"
#include "sys/real_runner.hpp"
#include "sys/signals.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace {

using namespace mirrorctl;

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// An errno, 0 for success.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : EIO;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

Result<std::string> read_stdin(std::size_t limit) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        auto got = ::read(0, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR && sys::noted_signal() == 0) continue;
        if (got < 0) return Failure(errno_error(errno, "cannot read", "stdin"));
        if (got == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > limit)
            return Failure(Error{.code = ErrorCode::unsupported_layout,
                                 .message = cat("too big: stdin: more than ", limit, " bytes")});
    }
}

// Not getpwuid: that one loads libraries, which a static program cannot.
std::string user_name(uid_t uid) {
    auto root = sys::RealFs::open("/");
    if (!root) return std::to_string(uid);
    const sys::FsReader& fs = **root;
    if (auto passwd = fs.read(TargetPath("/etc/passwd")))
        for (const auto& user : engines::parse_passwd(*passwd))
            if (user.uid == uid) return user.name;
    return std::to_string(uid);
}

// Who ran us, for the history: the login uid that the kernel keeps, and sudo's word.
std::string actor() {
    auto name = user_name(geteuid());
    if (auto sudo = environment("SUDO_USER")) return name + " (sudo by " + printable_line(*sudo, 40) + ")";
    return name;
}

std::string working_directory() {
    char* path = ::getcwd(nullptr, 0);
    std::string result = path == nullptr ? "/" : path;
    std::free(path);
    return result;
}

// Three descriptors that exist: a file of ours must never become stdout.
void keep_standard_descriptors() {
    int fd = ::open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2) fd = ::open("/dev/null", O_RDWR);
    if (fd > 2) ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    keep_standard_descriptors();
    rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);  // memory may hold proxy passwords
    // A handler behind a pipe (core_pattern) gets a core whatever the limit says, and a debugger of the same
    // user could read the memory: not of a process that is not dumpable (prctl(2), core(5)).
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    sys::note_signals();
    sys::RealRunner runner;
    sys::RealRunner callers_runner(sys::callers_surroundings());
    sys::RealClock clock;
    int lost_output = 0;
    cli::World world{
        .open_root = [](const std::string& root) -> Result<std::unique_ptr<sys::Fs>> {
            TRY_ASSIGN(std::unique_ptr<sys::Fs> fs, sys::RealFs::open(root));
            return fs;
        },
        .open_transport =
            [] { return std::make_unique<net::CurlTransport>(environment("SSL_CERT_FILE").value_or("")); },
        .runner = runner,
        .callers_runner = callers_runner,
        .clock = clock,
        .env = environment,
        .out =
            [&](std::string_view text) {
                if (int error = write_all(1, text); error != 0 && error != EPIPE) lost_output = error;
            },
        .err = [](std::string_view text) { write_all(2, text); },
        .stop_requested = [] { return sys::noted_signal() != 0; },
        .cwd = working_directory(),
        .uid = geteuid(),
        .gid = getegid(),
        .actor = actor,
        .in = read_stdin,
        .lost_output = [&] { return lost_output; },
    };
    int status = cli::run(world, std::vector<std::string>(argv + 1, argv + argc));
    if (int signal = sys::noted_signal(); signal != 0) sys::re_raise(signal);
    return status;
}
