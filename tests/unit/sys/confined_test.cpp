// What the child may not do, and that whatever it does comes back as an error at most.
#include "sys/confined.hpp"

#include "base/strings.hpp"
#include "support/temp_dir.hpp"
#include "sys/real_clock.hpp"
#include "sys/signals.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mirrorctl::sys::confined_test {
namespace {

using testing::HasSubstr;

struct Heard {
    Result<void> end;
    std::vector<std::string> messages;
};

Heard hear(const std::function<void(const Send&)>& work, ConfinedJob job = {}) {
    Heard heard;
    job.work = [&](const Send& send, const StopRequested&) { work(send); };
    job.receive = [&](const std::string& message) -> Result<void> {
        heard.messages.push_back(message);
        return {};
    };
    heard.end = run_confined(job);
    return heard;
}

std::string file_text(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <class... A>
int raw(long number, A... arguments) {
    return static_cast<int>(::syscall(number, arguments...));
}

int end_if_forked(pid_t pid) {
    if (pid == 0) ::_exit(0);
    return pid < 0;
}

int clone3() {
    struct clone_args arguments {};
    arguments.exit_signal = SIGCHLD;
    auto pid = raw(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) ::_exit(0);
    return pid;
}

// What the kernel would let pass, or answer with another errno.
bool forbidden(long result) {
    return result < 0 && errno == EPERM;
}

// EPERM by the filter; the kernel itself, where it let the call pass, would take a signal of SI_QUEUE.
int queue(long number) {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    auto done = number == SYS_rt_sigqueueinfo ? raw(number, ::getpid(), SIGURG, &info)
                                              : raw(number, ::getpid(), ::getpid(), SIGURG, &info);
    return done != 0 && errno == EPERM;
}

int own_a_socket_for(pid_t pid) {
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && ::fcntl(fd, F_SETOWN, pid) != 0 && ::ioctl(fd, FIOSETOWN, &pid) != 0;
}

int limit_of(pid_t pid) {
    rlimit limit{};
    return ::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) != 0 &&
           ::prlimit(0, RLIMIT_NOFILE, nullptr, &limit) == 0;
}

constexpr pid_t kNobodysPid = 0x3fffffff;  // above every pid_max

// Each is a thing to try in the child: 0 = it was possible. Signals and traces go to the child itself: to
// root's processes nobody may send any, filter or not.
std::map<std::string, std::function<int(const std::string&)>> changes() {
    return {
        {"create",
         [](const std::string& d) { return ::open((d + "/new").c_str(), O_WRONLY | O_CREAT, 0600) < 0; }},
        {"creat", [](const std::string& d) { return ::creat((d + "/new").c_str(), 0600) < 0; }},
        {"write", [](const std::string& d) { return ::open((d + "/open").c_str(), O_WRONLY) < 0; }},
        {"read and write", [](const std::string& d) { return ::open((d + "/open").c_str(), O_RDWR) < 0; }},
        {"unnamed", [](const std::string& d) { return ::open(d.c_str(), O_TMPFILE | O_RDWR, 0600) < 0; }},
        {"truncate", [](const std::string& d) { return ::truncate((d + "/open").c_str(), 0); }},
        {"mkdir", [](const std::string& d) { return ::mkdir((d + "/dir").c_str(), 0700); }},
        {"fifo", [](const std::string& d) { return ::mkfifo((d + "/fifo").c_str(), 0600); }},
        {"symlink", [](const std::string& d) { return ::symlink("/etc", (d + "/link").c_str()); }},
        {"link", [](const std::string& d) { return ::link((d + "/open").c_str(), (d + "/hard").c_str()); }},
        {"rename",
         [](const std::string& d) { return ::rename((d + "/open").c_str(), (d + "/other").c_str()); }},
        {"unlink", [](const std::string& d) { return ::unlink((d + "/open").c_str()); }},
        {"chmod", [](const std::string& d) { return ::chmod((d + "/open").c_str(), 0600); }},
        {"shared memory",
         [](const std::string&) { return ::open("/dev/shm/mirrorctl-test", O_RDWR | O_CREAT, 0600) < 0; }},
        {"program", [](const std::string&) { return ::execl("/bin/true", "true", nullptr); }},
        {"fork", [](const std::string&) { return end_if_forked(::fork()); }},
        {"vfork", [](const std::string&) { return end_if_forked(static_cast<pid_t>(::syscall(SYS_vfork))); }},
        {"clone",
         [](const std::string&) {
             return end_if_forked(static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
         }},
        {"clone3", [](const std::string&) { return clone3() < 0 ? -1 : 0; }},
        {"kill", [](const std::string&) { return forbidden(::kill(::getpid(), 0)); }},
        {"tkill", [](const std::string&) { return forbidden(raw(SYS_tkill, ::getpid(), 0)); }},
        {"tgkill",
         [](const std::string&) { return forbidden(raw(SYS_tgkill, kNobodysPid, kNobodysPid, 0)); }},
        {"rt_sigqueueinfo", [](const std::string&) { return queue(SYS_rt_sigqueueinfo); }},
        {"rt_tgsigqueueinfo", [](const std::string&) { return queue(SYS_rt_tgsigqueueinfo); }},
        {"pidfd", [](const std::string&) { return forbidden(raw(SYS_pidfd_open, ::getpid(), 0)); }},
        {"pidfd_send_signal",
         [](const std::string&) { return forbidden(raw(SYS_pidfd_send_signal, 3, 0, 0, 0)); }},
        {"signal by a socket", [](const std::string&) { return own_a_socket_for(::getppid()); }},
        {"limits", [](const std::string&) { return limit_of(::getpid()); }},
        {"packets",
         [](const std::string&) { return ::socket(AF_VSOCK, SOCK_STREAM, 0) < 0 && errno == EPERM; }},
        {"trace",
         [](const std::string&) { return forbidden(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
        {"root again", [](const std::string&) { return ::setuid(0) != 0 || ::geteuid() != 0; }},
    };
}

TEST(Confined, TheChildCanChangeNothing) {
    support::TempDir dir;
    auto path = dir.str();
    ASSERT_EQ(::chmod(path.c_str(), 01777), 0);
    std::ofstream(path + "/open") << "bytes";
    ASSERT_EQ(::chmod((path + "/open").c_str(), 0666), 0);
    auto heard = hear([&](const Send& send) {
        for (const auto& [name, attempt] : changes())
            if (attempt(path) == 0) send(name);
    });
    ASSERT_TRUE(heard.end) << heard.end.error().message;
    bool root = ::geteuid() == 0;
    for (const auto& name : heard.messages)
        if (root || name != "root again") ADD_FAILURE() << "possible in the child: " << name;
    EXPECT_EQ(file_text(path + "/open"), "bytes");
    EXPECT_GE(changes().size(), 31U);
    // The attempts are real: outside, the first of them works.
    EXPECT_EQ(changes()["create"](path), 0);
}

// Root's own groups, where a login gave it some.
class Groups {
  public:
    explicit Groups(const std::vector<gid_t>& groups)
        : before_(static_cast<std::size_t>(::getgroups(0, nullptr))) {
        if (::getgroups(static_cast<int>(before_.size()), before_.data()) >= 0 && ::geteuid() == 0)
            set(groups);
    }
    ~Groups() {
        if (::geteuid() == 0) set(before_);
    }
    Groups(const Groups&) = delete;
    Groups& operator=(const Groups&) = delete;

  private:
    static void set(const std::vector<gid_t>& groups) {
        EXPECT_EQ(::setgroups(groups.size(), groups.data()), 0);
    }
    std::vector<gid_t> before_;
};

TEST(Confined, TheChildIsNobody) {
    Groups groups({0, 4, 999});
    auto heard = hear([](const Send& send) { send(file_text("/proc/self/status")); });
    ASSERT_EQ(heard.messages.size(), 1U);
    const auto& status = heard.messages[0];
    EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
    EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
    EXPECT_THAT(status, HasSubstr("CapPrm:\t0000000000000000"));
    EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
    if (::geteuid() != 0) return;
    EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
    EXPECT_THAT(status, HasSubstr("Gid:\t65534\t65534\t65534\t65534"));
    EXPECT_THAT(status, HasSubstr("Groups:\t \n"));
}

TEST(Confined, TheChildReadsAsNobodyAndHasNoDescriptors) {
    support::TempDir dir;
    std::ofstream(dir.str() + "/secret") << "canary";
    ::chmod((dir.str() + "/secret").c_str(), 0600);
    int opened = ::open((dir.str() + "/secret").c_str(), O_RDWR);
    int held = ::fcntl(opened, F_DUPFD, 10);  // not a number that the pipes to the parent have
    ::close(opened);
    auto heard = hear([&](const Send& send) {
        send(file_text(dir.str() + "/secret"));
        send(::fcntl(held, F_GETFD) < 0 ? "closed" : "open");
        send(cat(::isatty(0), ::isatty(1), ::isatty(2)));
    });
    ::close(held);
    ASSERT_EQ(heard.messages.size(), 3U);
    if (::geteuid() == 0) {
        EXPECT_EQ(heard.messages[0], "");
    }
    EXPECT_EQ(heard.messages[1], "closed");
    EXPECT_EQ(heard.messages[2], "000");
}

// libcurl's resolver and pthread_create(3) of others.
TEST(Confined, TheChildHasThreads) {
    auto heard = hear([](const Send& send) {
        std::string said;
        std::thread([&] { said = "from a thread"; }).join();
        send(said);
        send(cat(::pthread_kill(::pthread_self(), 0)));
    });
    ASSERT_TRUE(heard.end) << heard.end.error().message;
    EXPECT_EQ(heard.messages, (std::vector<std::string>{"from a thread", "0"}));
}

TEST(Confined, MessagesComeWholeAndInOrder) {
    std::string large(3U << 20U, 'x');
    auto heard = hear([&](const Send& send) {
        send("first");
        send("");
        send(large);
    });
    ASSERT_TRUE(heard.end);
    EXPECT_EQ(heard.messages, (std::vector<std::string>{"first", "", large}));
}

// Each end of a child that is not an answer.
TEST(Confined, ACrashIsAnError) {
    auto crash = hear([](const Send& send) {
        send("before");
        ::signal(SIGSEGV, SIG_DFL);
        ::raise(SIGSEGV);
    });
    ASSERT_FALSE(crash.end);
    EXPECT_EQ(crash.end.error().code, ErrorCode::network);
    EXPECT_THAT(crash.end.error().message, HasSubstr("crashed (signal 11)"));
    EXPECT_EQ(crash.messages, std::vector<std::string>{"before"});
    auto thrown = hear([](const Send&) { throw std::runtime_error("no"); });
    ASSERT_FALSE(thrown.end);
    EXPECT_THAT(thrown.end.error().message, HasSubstr("crashed (signal 6)"));
    auto exits = hear([](const Send&) { ::_exit(1); });
    EXPECT_FALSE(exits.end);
}

TEST(Confined, TimeAndSizeAreBounded) {
    RealClock clock;
    double begin = clock.now();
    auto slow = hear([](const Send&) { ::pause(); }, {.seconds = 0.2});
    ASSERT_FALSE(slow.end);
    EXPECT_THAT(slow.end.error().message, HasSubstr("did not end in time"));
    ASSERT_LT(clock.now() - begin, 10);
    // Who says that it is done, and stays.
    begin = clock.now();
    auto stays = hear(
        [](const Send&) {
            ::close(3);
            for (;;) ::pause();
        },
        {.seconds = 0.2});
    ASSERT_FALSE(stays.end);
    EXPECT_THAT(stays.end.error().message, HasSubstr("did not end in time"));
    EXPECT_LT(clock.now() - begin, 10);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    auto large = hear([](const Send& send) { send(std::string(2000, 'x')); }, {.max_message = 1000});
    ASSERT_FALSE(large.end);
    EXPECT_THAT(large.end.error().message, HasSubstr("sent too much"));
    auto endless = hear(
        [](const Send& send) {
            for (;;) send(std::string(1000, 'x'));
        },
        {.max_total = 1U << 20U});
    ASSERT_FALSE(endless.end);
    EXPECT_THAT(endless.end.error().message, HasSubstr("sent too much"));
}

TEST(Confined, WhatTheReceiverRefusesEndsIt) {
    auto end = run_confined({.work =
                                 [](const Send& send, const StopRequested&) {
                                     for (;;) send("again");
                                 },
                             .receive = [](const std::string&) -> Result<void> {
                                 return Failure(Error{.code = ErrorCode::parse, .message = "not that"});
                             }});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::parse);
}

// In a process of its own, because a signal stays noted: SIGTERM comes as soon as the child is at work.
void interrupted_run(double patience, bool heeds, int want) {
    auto pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        note_signals();
        std::string heard;
        auto end = run_confined({.work =
                                     [&](const Send& send, const StopRequested& stop_requested) {
                                         send(stop_requested() ? "too early" : "at work");
                                         while (!heeds || !stop_requested()) ::usleep(1000);
                                         send(", well ended");
                                     },
                                 .receive = [&](const std::string& message) -> Result<void> {
                                     if (message == "at work") ::raise(SIGTERM);
                                     heard += message;
                                     return {};
                                 },
                                 .seconds = 20,
                                 .patience = patience});
        if (end) ::_exit(heard == "at work, well ended" ? 10 : 11);
        ::_exit(end.error().code == ErrorCode::interrupted ? 12 : 13);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), want);
}

TEST(Confined, ASignalEndsItOrAsksItToStop) {
    RealClock clock;
    auto begin = clock.now();
    interrupted_run(0, true, 12);
    interrupted_run(15, true, 10);
    interrupted_run(0.2, false, 13);  // who does not heed has no longer than that
    EXPECT_LT(clock.now() - begin, 10);
}

}  // namespace
}  // namespace mirrorctl::sys::confined_test
