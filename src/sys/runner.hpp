// Running other programs: argv only, never a shell.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace mirrorctl::sys {

struct Command {
    std::vector<std::string> argv;  // argv[0] is looked up in a fixed PATH
                                    // (/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
    std::string input = {};
    double timeout_seconds = 30;
};

struct Finished {
    int exit_status = 0;  // 128 + signal if killed by one
    bool timed_out = false;
    std::string out = {};  // at most 1 MiB each
    std::string err = {};
};

class Runner {
  public:
    virtual ~Runner() = default;
    // Errors: not_found when there is no such program, io. A non-zero exit status is a result, not an error.
    virtual Result<Finished> run(const Command& command) = 0;
    // GET over HTTP on a unix socket (docker's API), the body of a 200 answer, at most 4 MiB. Errors:
    // not_found, network, http.
    virtual Result<std::string> get_unix(const std::string& socket_path, const std::string& url_path,
                                         double timeout_seconds) = 0;
};

}  // namespace mirrorctl::sys
