// What /proc says about a process (proc(5)). All return empty values for processes that are gone or not ours
// to see.
#pragma once

#include "sys/clock.hpp"
#include "sys/fs.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::engines {

std::vector<std::string> command_line(const sys::FsReader& fs, int pid);
std::string command_name(const sys::FsReader& fs, int pid);  // comm, cut by the kernel at 15 bytes
// Seconds since 1970 at which the process started, up to one second early (the kernel tells the boot time in
// whole seconds); 0 = unknown.
double started_at(const sys::FsReader& fs, int pid);
// The same with the precision of a clock tick: counted back from now.
double started_at(const sys::FsReader& fs, int pid, const sys::Clock& clock);
// The environment with which the process was started; nullopt where it may not be read.
std::optional<std::map<std::string, std::string>> environment(const sys::FsReader& fs, int pid);
std::map<std::string, std::string> parse_environ(std::string_view bytes);
// Processes whose comm starts with `prefix`.
int count_processes(const sys::FsReader& fs, std::string_view prefix);
// The first process of exactly that name in our own mount namespace (one in a container is not this node's
// engine), else 0.
int find_process(const sys::FsReader& fs, std::string_view name);
// The pid in a pid file if a process of that name runs under it, else 0.
int pid_from_file(const sys::FsReader& fs, const TargetPath& file, std::string_view name);

}  // namespace mirrorctl::engines
