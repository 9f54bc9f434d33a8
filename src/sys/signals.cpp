#include "sys/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace mirrorctl::sys {

namespace {

// The handler may touch lock-free atomics and write(2) only (signal-safety(7)).
std::atomic<int> noted{0};
std::atomic<int> pipe_in{-1};
std::atomic<int> pipe_out{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) {
    int saved = errno;
    if (noted.exchange(signal) != 0) {
        ::signal(signal, SIG_DFL);
        ::raise(signal);  // blocked while we are here: it strikes when the handler returns
    } else if (pipe_in >= 0) {
        [[maybe_unused]] auto written = ::write(pipe_in, "", 1);
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
    for (int signal : {SIGINT, SIGTERM}) {
        // A program started in the background by a shell without job control must go on ignoring SIGINT.
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
