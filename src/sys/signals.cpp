#include "sys/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

// The handler may touch lock-free atomics and write(2) only (signal-safety(7)).
std::atomic<int> noted{0};
std::atomic<int> pipe_in{-1};
std::atomic<int> pipe_out{-1};
static_assert(std::atomic<int>::is_always_lock_free);

constexpr std::array kNoted{SIGINT, SIGTERM, SIGHUP};

// Somebody's wish to end now, and not a terminal or a session that goes away. systemd sends a session SIGTERM
// and SIGHUP in one breath (systemd.kill(5), SendSIGHUP=): that is one wish.
bool is_wish(int signal) {
    return signal == SIGINT || signal == SIGTERM;
}

// Both signals and the handler's other ones are blocked while it runs.
void note(int signal) {
    int saved = errno;
    if (is_wish(noted) && is_wish(signal)) {
        ::signal(signal, SIG_DFL);
        ::raise(signal);  // strikes when the handler returns
    } else if (noted == 0 || is_wish(signal)) {
        noted = signal;
        if (pipe_in >= 0) {
            [[maybe_unused]] auto written = ::write(pipe_in, "", 1);
        }
    }
    errno = saved;
}

}  // namespace

void note_signals() {
    int ends[2];
    if (pipe_out < 0 && ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        pipe_out = ends[0];
        pipe_in = ends[1];
    }
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    for (int signal : kNoted) sigaddset(&action.sa_mask, signal);
    // A reader that went away and a limit of file sizes are errors of a write, and no reason to die half-way.
    for (int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
    for (int signal : kNoted) {
        // A program started in the background by a shell without job control must go on ignoring SIGINT, and
        // one under nohup(1) SIGHUP.
        struct sigaction before {};
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        ::sigaction(signal, &action, nullptr);
    }
}

int noted_signal() {
    return noted;
}

int signal_fd() {
    return pipe_out;
}

void re_raise(int signal) {
    ::signal(signal, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::raise(signal);
    ::_exit(128 + signal);
}

}  // namespace mirrorctl::sys
