#include "sys/confined.hpp"

#include "base/strings.hpp"
#include "sys/fd.hpp"
#include "sys/privileges.hpp"
#include "sys/real_clock.hpp"
#include "sys/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace mirrorctl::sys {

namespace {

// A message is its length (4 bytes, this machine's order) and its bytes.
using Length = std::uint32_t;

constexpr int kReportFd = 3;
constexpr int kNotConfined = 125;    // exit status: a privilege could not be given up
constexpr int kUnheard = 124;        // the parent is gone
constexpr double kSecondsToDie = 2;  // a process that was killed, on a slow machine

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        auto done = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
        if (done < 0) ::_exit(kUnheard);
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
}

void close_from(int first) {
    if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;  // Linux 5.9
    for (int fd = first; fd < 4096; ++fd) ::close(fd);
}

// The descriptors of the child: /dev/null three times (without one, what can be neither read nor written),
// then the pipe. Its signals are its parent's business.
bool settle_in(int report_fd, pid_t parent, double seconds) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
    int null = ::open("/dev/null", O_RDWR);
    if (null < 0) null = ::open("/", O_PATH);
    if (null < 0 || ::dup2(report_fd, kReportFd) < 0) return false;
    for (int fd = 0; fd < kReportFd; ++fd)
        if (::dup2(null, fd) < 0) return false;
    close_from(kReportFd + 1);
    // One that spins ends by itself, also where nobody may kill it.
    auto most = static_cast<rlim_t>(seconds) + 1;
    rlimit processor{most, most};
    if (::setrlimit(RLIMIT_CPU, &processor) != 0) return false;
    if (!drop_root() || !forbid_changes()) return false;
    // After the change of user, which clears it.
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ::getppid() == parent;
}

// noexcept: what is thrown ends the child as a crash, and never goes on as a second parent.
[[noreturn]] void be_child(const ConfinedJob& job, int report_fd, pid_t parent) noexcept {
    if (!settle_in(report_fd, parent, job.seconds)) ::_exit(kNotConfined);
    job.work([](std::string_view message) {
        auto length = static_cast<Length>(message.size());
        std::array<char, sizeof length> head{};
        std::memcpy(head.data(), &length, sizeof length);
        write_all(kReportFd, {head.data(), head.size()});
        write_all(kReportFd, message);
    });
    ::_exit(0);
}

// Ends the child, if it still runs, on every way out. Nobody waits for it without an end: who took it over
// decides when it ends, and a service without CAP_KILL cannot even kill it.
class Child {
  public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        (void)collect(kSecondsToDie);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Its status, nullopt if it did not end in that time. Not collected, its pid belongs to nobody else.
    std::optional<int> collect(double seconds) {
        RealClock clock;
        const double end = clock.now() + seconds;
        constexpr useconds_t kLongest = 20'000;
        for (useconds_t pause = 100;; pause = std::min(pause * 2, kLongest)) {
            int status = 0;
            auto ended = retry([&] { return ::waitpid(pid_, &status, WNOHANG); });
            if (ended != 0) pid_ = -1;
            if (ended > 0) return status;
            if (ended < 0 || clock.now() >= end) return std::nullopt;
            ::usleep(pause);
        }
    }

  private:
    pid_t pid_;
};

Failure broken(std::string_view how) {
    return Failure(
        Error{.code = ErrorCode::network, .message = cat("the process that talks to registries ", how)});
}

// Whole messages out of what came so far.
Result<void> deliver(const ConfinedJob& job, std::string& text) {
    Length length = 0;
    while (text.size() >= sizeof length) {
        std::memcpy(&length, text.data(), sizeof length);
        if (length > job.max_message) return broken("sent too much");
        if (text.size() < sizeof length + length) break;
        auto message = text.substr(sizeof length, length);
        text.erase(0, sizeof length + length);
        TRY(job.receive(message));
    }
    return {};
}

// Until the child closes its end.
Result<void> listen(const ConfinedJob& job, int fd, double end) {
    RealClock clock;
    std::string text;
    std::array<char, 16 * 1024> piece;
    for (std::size_t total = 0;;) {
        double left = end - clock.now();
        if (left <= 0) return broken("did not end in time");
        std::array<pollfd, 2> fds{{{fd, POLLIN, 0}, {signal_fd(), POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), static_cast<int>(std::min(left, 60.0) * 1000) + 1);
        if (noted_signal() != 0)
            return Failure(Error{.code = ErrorCode::interrupted, .message = "interrupted"});
        if (fds[0].revents == 0) continue;
        auto got = retry([&] { return ::read(fd, piece.data(), piece.size()); });
        if (got < 0) return Failure(errno_error(errno, "cannot read from", "a child process"));
        if (got == 0) return {};
        total += static_cast<std::size_t>(got);
        if (total > job.max_total) return broken("sent too much");
        text.append(piece.data(), static_cast<std::size_t>(got));
        TRY(deliver(job, text));
    }
}

}  // namespace

Result<void> run_confined(const ConfinedJob& job) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Failure(errno_error(errno, "cannot create", "a pipe"));
    Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    RealClock clock;
    const double end = clock.now() + job.seconds;
    pid_t parent = ::getpid();
    pid_t pid = ::fork();
    if (pid < 0) return Failure(errno_error(errno, "cannot start", "a child process"));
    if (pid == 0) be_child(job, write_end.get(), parent);
    Child child(pid);
    write_end.reset();
    TRY(listen(job, read_end.get(), end));
    auto status = child.collect(std::max(end - clock.now(), kSecondsToDie));
    if (!status) return broken("did not end in time");
    if (WIFSIGNALED(*status)) return broken(cat("crashed (signal ", WTERMSIG(*status), ")"));
    if (WEXITSTATUS(*status) == kNotConfined)
        return Failure(
            Error{.code = ErrorCode::permission_denied,
                  .message = "cannot give up the privileges of the process that talks to registries",
                  .hint = "nothing was measured; --offline works with what is known"});
    if (WEXITSTATUS(*status) != 0) return broken("failed");
    return {};
}

}  // namespace mirrorctl::sys
