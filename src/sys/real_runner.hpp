// Programs and sockets of the machine.
#pragma once

#include "sys/runner.hpp"

namespace mirrorctl::sys {

// A child runs in a session of its own (no terminal, Ctrl-C does not reach it) in "/", with the environment
// PATH, LC_ALL=C.UTF-8 and HOME=/root and nothing else, standard input = `Command::input` or empty. After the
// timeout its process group is killed. Output beyond 1 MiB is read and dropped.
class RealRunner : public Runner {
  public:
    Result<Finished> run(const Command& command) override;
    Result<std::string> get_unix(const std::string& socket_path, const std::string& url_path,
                                 double timeout_seconds) override;
};

}  // namespace mirrorctl::sys
