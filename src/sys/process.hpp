// One child process: started without a shell, watched, and killed with its whole group when it takes too
// long.
#pragma once

#include "base/result.hpp"
#include "sys/fd.hpp"
#include "sys/runner.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace mirrorctl::sys {

class Process {
  public:
    // `program` is a path. Standard input reads `command.input`; errors: not_found, permission_denied, io.
    static Result<Process> start(const std::string& program, const Command& command,
                                 std::vector<std::string> environment);
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    ~Process();  // kills the group and collects the child if it still runs

    // Reads both outputs until the child has ended or `seconds` are over (then false). Of each output at most
    // `limit` bytes are kept.
    bool wait(double seconds, std::size_t limit);
    void kill_group();

    int exit_status() const {
        return status_;
    }  // 128 + signal if killed by one; meaningful once it has ended
    std::string& out() { return out_.text; }
    std::string& err() { return err_.text; }

  private:
    struct Capture {
        Fd fd;
        std::string text = {};
    };
    explicit Process(pid_t pid) : pid_(pid) {}
    bool ended();
    void wait_for_news(double seconds) const;
    static void drain(Capture& capture, std::size_t limit);

    pid_t pid_ = -1;
    Fd pidfd_;
    Capture out_;
    Capture err_;
    int status_ = 0;
};

}  // namespace mirrorctl::sys
