// Programs and sockets of the machine.
#pragma once

#include "sys/runner.hpp"

#include <string>
#include <vector>

namespace mirrorctl::sys {

// Where programs are looked up, and the environment that they get.
struct Surroundings {
    std::vector<std::string> folders;
    std::vector<std::string> environment;
};
// The same whoever started us: a root process must not run what a user put into his own folder. PATH,
// LC_ALL=C.UTF-8 and HOME=/root, nothing else.
Surroundings fixed_surroundings();
// For programs that the caller chose and that need what is his (credential helpers: HOME, AWS_PROFILE, the
// session's bus): his environment, and first the folders of his PATH, unless he is root.
Surroundings callers_surroundings();

// A child runs in a session of its own (no terminal, Ctrl-C does not reach it) in "/", standard input =
// `Command::input` or empty. After the timeout its process group is killed. Output beyond 1 MiB is read and
// dropped.
class RealRunner : public Runner {
  public:
    explicit RealRunner(Surroundings surroundings = fixed_surroundings());
    Result<Finished> run(const Command& command) override;
    Result<std::string> get_unix(const std::string& socket_path, const std::string& url_path,
                                 double timeout_seconds) override;

  private:
    Surroundings surroundings_;
};

}  // namespace mirrorctl::sys
