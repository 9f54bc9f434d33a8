#include "engines/processes.hpp"

#include "base/strings.hpp"

#include <unistd.h>

#include <algorithm>

namespace mirrorctl::engines {
namespace {

TargetPath proc(int pid, std::string_view file) {
    return TargetPath(cat("/proc/", pid, "/", file));
}

// "btime N" of /proc/stat: seconds since 1970 at boot.
double boot_time(const sys::FsReader& fs) {
    auto stat = fs.read(TargetPath("/proc/stat"));
    if (!stat) return 0;
    auto at = stat->find("\nbtime ");
    if (at == std::string::npos) return 0;
    auto digits = std::string_view(*stat).substr(at + 7);
    return static_cast<double>(parse_integer(digits.substr(0, digits.find('\n'))).value_or(0));
}

// "12345.67" of /proc/uptime.
std::optional<double> parse_seconds(std::string_view text) {
    auto dot = std::min(text.find('.'), text.size());
    auto whole = parse_integer(text.substr(0, dot));
    auto hundredths =
        dot < text.size() ? parse_integer(text.substr(dot + 1)) : std::optional<std::int64_t>(0);
    if (!whole || !hundredths) return std::nullopt;
    return static_cast<double>(*whole) + static_cast<double>(*hundredths) / 100;
}

// Field 2 (comm) may hold blanks and parentheses: fields are counted from the last ')'. Start time is field
// 22, in clock ticks.
std::optional<double> seconds_after_boot(const sys::FsReader& fs, int pid) {
    constexpr std::size_t kStartTime = 22 - 3;
    auto stat = pid > 0 ? fs.read(proc(pid, "stat")).value_or("") : "";
    auto close = stat.rfind(')');
    if (close == std::string::npos || close + 2 > stat.size()) return std::nullopt;
    auto fields = split(std::string_view(stat).substr(close + 2), ' ');
    auto ticks = fields.size() > kStartTime ? parse_integer(fields[kStartTime]) : std::nullopt;
    if (!ticks) return std::nullopt;
    return static_cast<double>(*ticks) / static_cast<double>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
}

}  // namespace

std::vector<std::string> command_line(const sys::FsReader& fs, int pid) {
    if (pid <= 0) return {};
    auto bytes = fs.read(proc(pid, "cmdline"));
    if (!bytes || bytes->empty()) return {};
    if (bytes->back() == '\0') bytes->pop_back();
    return split(*bytes, '\0');
}

std::string command_name(const sys::FsReader& fs, int pid) {
    auto name = fs.read(proc(pid, "comm"));
    return name ? std::string(trim(*name)) : "";
}

double started_at(const sys::FsReader& fs, int pid) {
    auto boot = boot_time(fs);
    auto after = seconds_after_boot(fs, pid);
    return after && boot > 0 ? boot + *after : 0;
}

double started_at(const sys::FsReader& fs, int pid, const sys::Clock& clock) {
    auto after = seconds_after_boot(fs, pid);
    auto uptime = fs.read(TargetPath("/proc/uptime"));
    auto up = uptime ? parse_seconds(uptime->substr(0, uptime->find(' '))) : std::nullopt;
    return after && up ? clock.wall() - *up + *after : started_at(fs, pid);
}

std::map<std::string, std::string> parse_environ(std::string_view bytes) {
    std::map<std::string, std::string> variables;
    for (const auto& entry : split(bytes, '\0')) {
        auto equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) continue;
        variables.try_emplace(entry.substr(0, equals), entry.substr(equals + 1));  // getenv finds the first
    }
    return variables;
}

std::optional<std::map<std::string, std::string>> environment(const sys::FsReader& fs, int pid) {
    if (pid <= 0) return std::nullopt;
    auto bytes = fs.read(proc(pid, "environ"));
    if (!bytes) return std::nullopt;
    return parse_environ(*bytes);
}

int count_processes(const sys::FsReader& fs, std::string_view prefix) {
    auto names = fs.list(TargetPath("/proc"));
    if (!names) return 0;
    return static_cast<int>(std::count_if(names->begin(), names->end(), [&](const std::string& name) {
        auto pid = parse_integer(name);
        return pid && *pid > 0 && command_name(fs, static_cast<int>(*pid)).starts_with(prefix);
    }));
}

int find_process(const sys::FsReader& fs, std::string_view name) {
    auto ours = fs.read_link(TargetPath("/proc/self/ns/mnt"));
    auto names = fs.list(TargetPath("/proc"));
    if (!ours || !names) return 0;
    for (const auto& entry : *names) {
        auto pid = parse_integer(entry);
        if (!pid || *pid <= 0 || *pid > 0x7fffffff || command_name(fs, static_cast<int>(*pid)) != name)
            continue;
        auto theirs = fs.read_link(proc(static_cast<int>(*pid), "ns/mnt"));
        if (theirs && *theirs == *ours) return static_cast<int>(*pid);
    }
    return 0;
}

int pid_from_file(const sys::FsReader& fs, const TargetPath& file, std::string_view name) {
    auto text = fs.read(file, 64);
    auto pid = text ? parse_integer(trim(*text)) : std::nullopt;
    if (!pid || *pid <= 0 || *pid > 0x7fffffff) return 0;
    return command_name(fs, static_cast<int>(*pid)) == name ? static_cast<int>(*pid) : 0;
}

}  // namespace mirrorctl::engines
