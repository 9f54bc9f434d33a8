#include "sys/process.hpp"

#include "base/strings.hpp"
#include "sys/real_clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

constexpr double kPoll = 0.01;  // where the kernel has no pidfd (before 5.3) or a sandbox forbids it

// The input stands in memory before the child starts: no pump, no deadlock, no SIGPIPE.
Result<Fd> input_file(const std::string& input) {
    if (input.empty()) {
        Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!null) return Failure(errno_error(errno, "cannot open", "/dev/null"));
        return null;
    }
    Fd fd(::memfd_create("input", MFD_CLOEXEC));
    std::string_view rest = input;
    while (fd && !rest.empty()) {
        auto done = retry([&] { return ::write(fd.get(), rest.data(), rest.size()); });
        if (done < 0) break;
        rest.remove_prefix(static_cast<std::size_t>(done));
    }
    if (!fd || !rest.empty() || ::lseek(fd.get(), 0, SEEK_SET) != 0)
        return Failure(errno_error(errno, "cannot pass input to", "a child process"));
    return fd;
}

struct Pipe {
    Fd read_end;
    Fd write_end;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Failure(errno_error(errno, "cannot create", "a pipe"));
    Pipe pipe{Fd(ends[0]), Fd(ends[1])};
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return pipe;
}

// What the child gets: its three descriptors, "/" as directory, a session of its own, default signals.
class SpawnSetup {
  public:
    SpawnSetup(int in, int out, int err) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
        ::posix_spawn_file_actions_addchdir_np(&actions_, "/");
        ::posix_spawnattr_init(&attributes_);
        sigset_t set;
        sigfillset(&set);
        ::posix_spawnattr_setsigdefault(&attributes_, &set);
        sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes_, &set);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~SpawnSetup() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;
    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

Result<Process> Process::start(const std::string& program, const Command& command,
                               std::vector<std::string> environment) {
    TRY_ASSIGN(auto in, input_file(command.input));
    TRY_ASSIGN(auto out, make_pipe());
    TRY_ASSIGN(auto err, make_pipe());
    SpawnSetup setup(in.get(), out.write_end.get(), err.write_end.get());
    auto arguments = command.argv;
    auto argument_pointers = pointers(arguments);
    auto environment_pointers = pointers(environment);
    pid_t pid = -1;
    int error = ::posix_spawn(&pid, program.c_str(), setup.actions(), setup.attributes(),
                              argument_pointers.data(), environment_pointers.data());
    if (error != 0) return Failure(errno_error(error, "cannot run", program));
    Process process(pid);
    process.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (process.pidfd_) ::fcntl(process.pidfd_.get(), F_SETFD, FD_CLOEXEC);
    process.out_.fd = std::move(out.read_end);
    process.err_.fd = std::move(err.read_end);
    return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      status_(other.status_) {}

Process::~Process() {
    if (pid_ > 0) kill_group();
}

bool Process::wait(double seconds, std::size_t limit) {
    RealClock clock;
    const double end = clock.now() + seconds;
    while (!ended()) {
        double left = end - clock.now();
        if (left <= 0) return false;
        wait_for_news(left);
        drain(out_, limit);
        drain(err_, limit);
    }
    // What a daemon that the child left behind still writes is not waited for.
    drain(out_, limit);
    drain(err_, limit);
    return true;
}

void Process::kill_group() {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    if (retry([&] { return ::waitpid(pid_, &status, 0); }) == pid_) status_ = 128 + SIGKILL;
    pid_ = -1;
}

bool Process::ended() {
    if (pid_ < 0) return true;
    int status = 0;
    auto pid = retry([&] { return ::waitpid(pid_, &status, WNOHANG); });
    if (pid == 0) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
    return true;
}

void Process::wait_for_news(double seconds) const {
    std::array<pollfd, 3> fds{
        {{out_.fd.get(), POLLIN, 0}, {err_.fd.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
    double longest = pidfd_ ? 60.0 : kPoll;
    ::poll(fds.data(), fds.size(), static_cast<int>(std::min(seconds, longest) * 1000) + 1);
}

// Takes what is there; closes at the end, so that poll (which skips negative descriptors) does not see it
// again.
void Process::drain(Capture& capture, std::size_t limit) {
    std::array<char, 16 * 1024> piece;
    while (capture.fd) {
        auto got = retry([&] { return ::read(capture.fd.get(), piece.data(), piece.size()); });
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            capture.fd.reset();
            return;
        }
        auto room = limit - std::min(limit, capture.text.size());
        capture.text.append(piece.data(), std::min(room, static_cast<std::size_t>(got)));
    }
}

}  // namespace mirrorctl::sys
