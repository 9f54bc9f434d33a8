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
constexpr int kStopFd = 4;            // readable as soon as the parent closes its end
constexpr int kNotConfined = 125;     // exit status: a privilege could not be given up
constexpr int kUnheard = 124;         // the parent is gone
constexpr double kSecondsToDie = 2;   // a process that was killed, on a slow machine
constexpr double kSecondsToEnd = 60;  // one that has closed its end

void tell(int fd, std::string_view bytes) {
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
// then its ends of the pipes.
bool take_descriptors(int report_fd, int stop_fd) {
    constexpr int kAside = 16;  // none of the places that are filled below
    int null = ::open("/dev/null", O_RDWR);
    if (null < 0) null = ::open("/", O_PATH);
    const int from[] = {null, null, null, report_fd, stop_fd};
    int aside[std::size(from)];
    for (std::size_t fd = 0; fd < std::size(from); ++fd)
        if ((aside[fd] = ::fcntl(from[fd], F_DUPFD, kAside)) < 0) return false;
    for (int fd = 0; fd <= kStopFd; ++fd)
        if (::dup2(aside[fd], fd) < 0) return false;
    close_from(kStopFd + 1);
    return true;
}

// One that spins ends by itself, also where nobody may kill it.
bool limit_processor(double seconds) {
    if (seconds == kNoEnd) return true;
    auto most = static_cast<rlim_t>(seconds) + 1;
    rlimit processor{most, most};
    return ::setrlimit(RLIMIT_CPU, &processor) == 0;
}

// Its signals are its parent's business.
bool settle_in(int report_fd, int stop_fd, pid_t parent, double seconds) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
    if (!take_descriptors(report_fd, stop_fd) || !limit_processor(seconds)) return false;
    if (!drop_root() || !forbid_changes()) return false;
    // After the change of user, which clears it.
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ::getppid() == parent;
}

bool stop_requested() {
    pollfd stop{kStopFd, POLLIN, 0};
    return ::poll(&stop, 1, 0) > 0;
}

void send(std::string_view message) {
    auto length = static_cast<Length>(message.size());
    std::array<char, sizeof length> head{};
    std::memcpy(head.data(), &length, sizeof length);
    tell(kReportFd, {head.data(), head.size()});
    tell(kReportFd, message);
}

// noexcept: what is thrown ends the child as a crash, and never goes on as a second parent.
[[noreturn]] void be_child(const ConfinedJob& job, int report_fd, int stop_fd, pid_t parent) noexcept {
    if (!settle_in(report_fd, stop_fd, parent, job.seconds)) ::_exit(kNotConfined);
    job.work(send, stop_requested);
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

// The parent's side of the talk.
class Listener {
  public:
    Listener(const ConfinedJob& job, Fd report, Fd stop, double end)
        : job_(job), report_(std::move(report)), stop_(std::move(stop)), end_(end) {}

    // Until the child closes its end.
    Result<void> listen() {
        std::array<char, 16 * 1024> piece;
        for (std::size_t total = 0;;) {
            TRY_ASSIGN(bool ready, wait());
            if (!ready) continue;
            auto got = retry([&] { return ::read(report_.get(), piece.data(), piece.size()); });
            if (got < 0) return Failure(errno_error(errno, "cannot read from", "a child process"));
            if (got == 0) return {};
            total += static_cast<std::size_t>(got);
            if (total > job_.max_total) return broken("sent too much");
            text_.append(piece.data(), static_cast<std::size_t>(got));
            TRY(deliver(job_, text_));
        }
    }
    double left() const { return end_ - clock_.now(); }

  private:
    // Whether the child said something, or closed its end.
    Result<bool> wait() {
        if (left() <= 0) return broken("did not end in time");
        bool asked = stop_.get() < 0;
        std::array<pollfd, 2> fds{{{report_.get(), POLLIN, 0}, {asked ? -1 : signal_fd(), POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), static_cast<int>(std::min(left(), 60.0) * 1000) + 1);
        if (noted_signal() != 0 && !asked) TRY(ask_to_stop());
        return fds[0].revents != 0;
    }
    Result<void> ask_to_stop() {
        if (job_.patience <= 0)
            return Failure(Error{.code = ErrorCode::interrupted, .message = "interrupted"});
        end_ = std::min(end_, clock_.now() + job_.patience);
        stop_.reset();
        return {};
    }

    const ConfinedJob& job_;
    Fd report_;
    Fd stop_;  // closed: the child is asked to stop
    double end_;
    RealClock clock_ = {};
    std::string text_ = {};  // a message that is not whole yet
};

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Failure(errno_error(errno, "cannot create", "a pipe"));
    return Pipe{.read = Fd(ends[0]), .write = Fd(ends[1])};
}

}  // namespace

Result<void> run_confined(const ConfinedJob& job) {
    TRY_ASSIGN(auto report, make_pipe());
    TRY_ASSIGN(auto stop, make_pipe());
    RealClock clock;
    const double end = clock.now() + job.seconds;
    pid_t parent = ::getpid();
    pid_t pid = ::fork();
    if (pid < 0) return Failure(errno_error(errno, "cannot start", "a child process"));
    if (pid == 0) be_child(job, report.write.get(), stop.read.get(), parent);
    Child child(pid);
    report.write.reset();
    stop.read.reset();
    Listener listener(job, std::move(report.read), std::move(stop.write), end);
    TRY(listener.listen());
    auto status = child.collect(std::clamp(listener.left(), kSecondsToDie, kSecondsToEnd));
    if (!status) return broken("did not end in time");
    if (WIFSIGNALED(*status)) return broken(cat("crashed (signal ", WTERMSIG(*status), ")"));
    if (WEXITSTATUS(*status) == kNotConfined)
        return Failure(
            Error{.code = ErrorCode::permission_denied,
                  .message = "cannot give up the privileges of the process that talks to registries",
                  .hint = "give it CAP_SETUID and CAP_SETGID, or run it as another user than root"});
    if (WEXITSTATUS(*status) != 0) return broken("failed");
    return {};
}

}  // namespace mirrorctl::sys
