#include "sys/real_runner.hpp"

#include "base/strings.hpp"
#include "support/temp_dir.hpp"
#include "sys/fd.hpp"
#include "sys/real_clock.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace mirrorctl::sys::real_runner_test {
namespace {

using testing::HasSubstr;

Finished run(const Command& command) {
    RealRunner runner;
    auto finished = runner.run(command);
    EXPECT_TRUE(finished) << to_string(finished.error());
    return finished.value_or(Finished{});
}

TEST(RealRunner, CapturesBothOutputsAndTheStatus) {
    auto finished = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
    EXPECT_EQ(finished.out, "out\n");
    EXPECT_EQ(finished.err, "err\n");
    EXPECT_EQ(finished.exit_status, 3);
    EXPECT_FALSE(finished.timed_out);
}

TEST(RealRunner, ArgumentsAreNotAShell) {
    EXPECT_EQ(run({.argv = {"printf", "%s|", "a b", "$HOME", "`id`"}}).out, "a b|$HOME|`id`|");
}

TEST(RealRunner, EnvironmentAndDirectoryAreFixed) {
    ::setenv("LEAK", "secret", 1);
    auto finished = run({.argv = {"sh", "-c", "env; pwd"}});
    ::unsetenv("LEAK");
    EXPECT_THAT(finished.out,
                HasSubstr("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
    EXPECT_THAT(finished.out, HasSubstr("LC_ALL=C.UTF-8\n"));
    EXPECT_THAT(finished.out, HasSubstr("HOME=/root\n"));
    EXPECT_THAT(finished.out, testing::Not(HasSubstr("LEAK")));
    EXPECT_THAT(finished.out, testing::EndsWith("\n/\n"));
}

TEST(RealRunner, TheCallersSurroundingsOnlyWhereTheyAreAskedFor) {
    support::TempDir folder;
    auto program = folder.str() + "/mirrorctl-test-program";
    std::ofstream(program) << "#!/bin/sh\necho \"$MINE\"\n";
    ::chmod(program.c_str(), 0755);
    std::string before = ::getenv("PATH");
    ::setenv("MINE", "yes", 1);
    ::setenv("PATH", cat("relative:", folder.str(), ":", before).c_str(), 1);
    RealRunner fixed, callers(callers_surroundings());
    ::unsetenv("MINE");
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_EQ(callers.run({.argv = {program}})->out, "yes\n");
    EXPECT_EQ(fixed.run({.argv = {program}})->out, "\n");
    auto found = callers.run({.argv = {"mirrorctl-test-program"}});
    EXPECT_EQ(found.has_value(), ::geteuid() != 0) << "root runs nothing out of a user's folder";
    EXPECT_FALSE(fixed.run({.argv = {"mirrorctl-test-program"}}));
}

TEST(RealRunner, InputIsGivenWholeOrEmpty) {
    EXPECT_EQ(run({.argv = {"cat"}}).out, "");
    std::string input(300'000, 'i');
    EXPECT_EQ(run({.argv = {"cat"}, .input = input}).out, input);
    EXPECT_EQ(run({.argv = {"true"}, .input = input}).exit_status, 0);
}

TEST(RealRunner, OutputIsBounded) {
    auto finished = run({.argv = {"sh", "-c", "head -c 3000000 /dev/zero"}});
    EXPECT_EQ(finished.out.size(), 1U << 20U);
    EXPECT_EQ(finished.exit_status, 0);
}

TEST(RealRunner, ATimeoutKillsTheWholeGroup) {
    RealClock clock;
    double start = clock.now();
    auto finished = run({.argv = {"sh", "-c", "sleep 60 & echo $!; wait"}, .timeout_seconds = 0.3});
    EXPECT_TRUE(finished.timed_out);
    EXPECT_EQ(finished.exit_status, 128 + SIGKILL);
    EXPECT_LT(clock.now() - start, 10);
    auto grandchild = parse_integer(trim(finished.out));
    ASSERT_TRUE(grandchild);
    // Its parent is dead: whoever adopted it collects it. Gone or a zombie, it no longer runs.
    for (int i = 0; i < 100 && ::kill(static_cast<pid_t>(*grandchild), 0) == 0; ++i) clock.sleep(0.02);
    auto stat =
        run({.argv = {"sh", "-c", cat("cat /proc/", *grandchild, "/stat 2>/dev/null || echo gone")}}).out;
    EXPECT_TRUE(stat == "gone\n" || stat.find(") Z ") != std::string::npos) << stat;
}

TEST(RealRunner, WhatAChildLeavesBehindIsNotWaitedFor) {
    RealClock clock;
    double start = clock.now();
    auto finished = run({.argv = {"sh", "-c", "sleep 5 & echo $!"}, .timeout_seconds = 4});
    EXPECT_FALSE(finished.timed_out);
    EXPECT_LT(clock.now() - start, 3);
    auto left = parse_integer(trim(finished.out));
    ASSERT_TRUE(left);
    ::kill(static_cast<pid_t>(*left), SIGKILL);
}

TEST(RealRunner, DeathBySignalIsAStatus) {
    EXPECT_EQ(run({.argv = {"sh", "-c", "kill -TERM $$"}}).exit_status, 128 + SIGTERM);
}

TEST(RealRunner, MissingPrograms) {
    RealRunner runner;
    for (const char* name : {"no-such-program-here", "/nonexistent/program", "relative/path", ""}) {
        auto finished = runner.run({.argv = {name}});
        ASSERT_FALSE(finished) << name;
        EXPECT_EQ(finished.error().code, ErrorCode::not_found);
    }
    EXPECT_FALSE(runner.run({.argv = {}}));
}

// A unix socket that takes one connection, reads what comes and sends `answer`.
class OneAnswer {
  public:
    OneAnswer(const std::string& path, std::string answer, bool hold = false)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        thread_ = std::thread([this, text = std::move(answer), hold] {
            Fd fd(::accept(listener_.get(), nullptr, nullptr));
            char buffer[4096];
            auto got = ::recv(fd.get(), buffer, sizeof buffer, 0);
            if (got > 0) request_.assign(buffer, static_cast<std::size_t>(got));
            for (std::string_view rest = text; !rest.empty();) {
                auto done = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
                if (done <= 0) return;
                rest.remove_prefix(static_cast<std::size_t>(done));
            }
            while (hold && ::recv(fd.get(), buffer, sizeof buffer, 0) > 0) {
            }
        });
    }
    ~OneAnswer() { join(); }
    const std::string& request() {
        join();
        return request_;
    }

  private:
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    Fd listener_;
    std::string request_;
    std::thread thread_;
};

TEST(RealRunnerSocket, GetsTheBody) {
    support::TempDir dir;
    OneAnswer server(
        dir / "s",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n2;x=y\r\n\"}\r\n0\r\n\r\n", true);
    auto body = RealRunner().get_unix(dir / "s", "/v1.24/info", 5);
    ASSERT_TRUE(body) << to_string(body.error());
    EXPECT_EQ(*body, "{\"a\"}");
    EXPECT_THAT(server.request(), testing::StartsWith("GET /v1.24/info HTTP/1.1\r\nHost: localhost\r\n"));
}

TEST(RealRunnerSocket, OtherStatusesAreErrors) {
    support::TempDir dir;
    OneAnswer server(dir / "s", "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\n\x1b[2J no\n");
    auto body = RealRunner().get_unix(dir / "s", "/x", 5);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::http);
    EXPECT_EQ(body.error().cause, 404);
    EXPECT_EQ(body.error().message.find('\x1b'), std::string::npos);
}

TEST(RealRunnerSocket, HugeAnswersAreRefused) {
    support::TempDir dir;
    OneAnswer server(dir / "s", "HTTP/1.1 200 OK\r\n\r\n" + std::string(5U << 20U, 'x'));
    auto body = RealRunner().get_unix(dir / "s", "/x", 20);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::http);
}

TEST(RealRunnerSocket, SilenceEndsAtTheDeadline) {
    support::TempDir dir;
    OneAnswer server(dir / "s", "", true);
    auto body = RealRunner().get_unix(dir / "s", "/x", 0.1);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, ErrorCode::network);
    EXPECT_THAT(body.error().message, HasSubstr("no answer within"));
}

TEST(RealRunnerSocket, NobodyThere) {
    support::TempDir dir;
    RealRunner runner;
    auto missing = runner.get_unix(dir / "none", "/x", 1);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    {
        OneAnswer gone(dir / "s", "");
        ASSERT_FALSE(runner.get_unix(dir / "s", "/x", 5));
    }
    auto refused = runner.get_unix(dir / "s", "/x", 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::network);
    EXPECT_FALSE(runner.get_unix(dir / std::string(200, 'x'), "/x", 1));
    EXPECT_EQ(runner.get_unix(dir / "s", "/x\r\nEvil: 1", 1).error().code, ErrorCode::internal);
}

}  // namespace
}  // namespace mirrorctl::sys::real_runner_test
