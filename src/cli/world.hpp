// Everything that a command touches outside itself. main.cpp builds the real one, tests build their own.
#pragma once

#include "base/result.hpp"
#include "net/transport.hpp"
#include "sys/clock.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"
#include "ui/term.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mirrorctl::cli {

struct World {
    std::function<Result<std::unique_ptr<sys::Fs>>(const std::string& host_root)> open_root;
    std::function<std::unique_ptr<net::Transport>()> open_transport;
    sys::Runner& runner;
    sys::Runner& callers_runner;  // for programs that the caller chose: credential helpers
    sys::Clock& clock;
    ui::Environment env;
    std::function<void(std::string_view)> out;  // stdout: data
    std::function<void(std::string_view)> err;  // stderr: everything else
    std::function<bool()> stop_requested;
    std::string cwd;
    std::uint32_t uid = 0;  // effective
    std::uint32_t gid = 0;
    std::function<std::string()> actor;  // who ran us: "root (sudo by alice)"
    // All of stdin, at most `limit` bytes. Errors: io, unsupported_layout (more than that).
    std::function<Result<std::string>(std::size_t limit)> in = {};
    // Why a part of stdout could not be written, as an errno; 0 if all was, or if its reader wanted no more.
    std::function<int()> lost_output = [] { return 0; };
};

}  // namespace mirrorctl::cli
