// launch N OUTPUT COMMAND...: runs COMMAND N times, one after another, and prints one line for each: wall
// seconds, peak RSS in KiB, CPU seconds, exit status, the part of the CPU seconds that the kernel took. Its
// standard output goes to OUTPUT (the last run's stays), its standard error to /dev/null. A program of its
// own because Linux counts the RSS of whoever forked into the child's peak (fs/exec.c,
// setmax_mm_hiwater_rss): a Python parent would hide anything below 20 MiB.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

extern char** environ;

namespace {

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

bool run_once(const char* output, char** command) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    const auto start = std::chrono::steady_clock::now();
    pid_t pid = 0;
    const int failed = posix_spawn(&pid, command[0], &files, nullptr, command, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) return false;
    int status = 0;
    rusage usage{};
    if (wait4(pid, &status, 0, &usage) != pid) return false;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::printf("%.6f %ld %.6f %d %.6f\n", wall.count(), usage.ru_maxrss,
                seconds(usage.ru_utime) + seconds(usage.ru_stime), code, seconds(usage.ru_stime));
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: launch N OUTPUT COMMAND...\n", stderr);
        return 2;
    }
    for (long left = std::strtol(argv[1], nullptr, 10); left > 0; --left) {
        if (!run_once(argv[2], argv + 3)) {
            std::perror(argv[3]);
            return 1;
        }
    }
    return 0;
}
