#include "sys/signals.hpp"

#include "sys/real_clock.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mirrorctl::sys::signals_test {
namespace {

// The wait status of a child that runs `body`. Signals belong to a whole process, so each test has its own.
template <class Body>
int status_of(Body body) {
    pid_t pid = ::fork();
    if (pid == 0) {
        body();
        ::_exit(99);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
}

TEST(Signals, TheFirstOneIsNotedAndWakesPoll) {
    int status = status_of([] {
        note_signals();
        if (noted_signal() != 0) ::_exit(1);
        ::raise(SIGTERM);
        pollfd fd{signal_fd(), POLLIN, 0};
        bool good = noted_signal() == SIGTERM && ::poll(&fd, 1, 1000) == 1;
        ::_exit(good ? 0 : 2);
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Signals, TheSecondOneEndsAtOnce) {
    int status = status_of([] {
        note_signals();
        ::raise(SIGINT);
        ::raise(SIGTERM);
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(Signals, ReRaiseDiesOfTheSignal) {
    int status = status_of([] {
        note_signals();
        ::raise(SIGINT);
        re_raise(noted_signal());
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Signals, WhatWasIgnoredStaysIgnored) {
    int status = status_of([] {
        ::signal(SIGINT, SIG_IGN);
        note_signals();
        ::raise(SIGINT);
        ::_exit(noted_signal() == 0 ? 0 : 1);
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Signals, ATerminalThatIsClosedIsNotedToo) {
    int status = status_of([] {
        note_signals();
        ::raise(SIGHUP);
        if (noted_signal() != SIGHUP) ::_exit(1);
        // A session that ends sends both, in any order, and more than once: still one wish.
        ::raise(SIGHUP);
        ::raise(SIGTERM);
        ::raise(SIGHUP);
        ::_exit(noted_signal() == SIGTERM ? 0 : 2);
    });
    EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    status = status_of([] {
        note_signals();
        ::raise(SIGTERM);
        ::raise(SIGHUP);
        ::raise(SIGINT);
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Signals, AReaderThatIsGoneAndALimitAreErrors) {
    int status = status_of([] {
        note_signals();
        ::raise(SIGPIPE);
        ::raise(SIGXFSZ);
        ::_exit(noted_signal() == 0 ? 0 : 1);
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(RealClock, GoesOnAndSleepsAtLeastThatLong) {
    RealClock clock;
    double start = clock.now();
    clock.sleep(0.01);
    clock.sleep(0);
    clock.sleep(-5);
    EXPECT_GE(clock.now() - start, 0.01);
    EXPECT_GT(clock.wall(), 1.7e9);
}

}  // namespace
}  // namespace mirrorctl::sys::signals_test
