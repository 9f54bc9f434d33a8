#include "engines/discover.hpp"

#include "base/strings.hpp"
#include "engines/containerd.hpp"
#include "engines/docker.hpp"
#include "engines/flags.hpp"
#include "engines/image_store.hpp"
#include "engines/processes.hpp"
#include "engines/systemd.hpp"
#include "engines/unit_file.hpp"
#include "engines/units.hpp"
#include "engines/versions.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace mirrorctl::engines {
namespace {

constexpr std::array<std::string_view, 3> kDockerPackages = {"docker-ce", "docker.io", "moby-engine"};
constexpr std::array<std::string_view, 2> kDockerApk = {"docker-engine", "docker"};
constexpr std::array<std::string_view, 2> kContainerdPackages = {"containerd.io", "containerd"};
constexpr std::array<std::string_view, 4> kBinaryDirs = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                         "/usr/bin"};
constexpr std::array<std::string_view, 4> kK3sUnits = {"k3s.service", "k3s-agent.service",
                                                       "rke2-server.service", "rke2-agent.service"};
constexpr std::string_view kSnapUnit = "snap.docker.dockerd.service";

bool exists(const sys::FsReader& fs, std::string_view path) {
    auto real = fs.resolve(TargetPath(path));
    return real && fs.stat(*real).has_value();
}

std::string read_line(const sys::FsReader& fs, std::string_view path) {
    auto text = fs.read(TargetPath(path), 4096);
    return text ? printable_line(trim(*text)) : "";
}

// Go reads the upper-case name first, then the lower-case one (golang.org/x/net/http/httpproxy,
// FromEnvironment).
std::map<std::string, std::string> proxies_of(const Unit& unit) {
    std::map<std::string, std::string> proxies;
    for (const auto* name : {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
        for (const auto& spelling : {std::string(name), lower(name)}) {
            auto it = unit.environment.find(spelling);
            if (it != unit.environment.end() && !it->second.empty()) proxies.try_emplace(name, it->second);
        }
    return proxies;
}

UnitFacts facts_of(const Unit& unit) {
    return {.name = unit.name,
            .exists = unit.exists,
            .kill_mode = unit.exists ? unit.kill_mode : "",
            .environment_files = unit.environment_files,
            .proxy_environment = proxies_of(unit),
            .bound_to = unit.bound_to};
}

// The program that the unit starts, if it is there; else the first in the usual directories.
std::string find_binary(const sys::FsReader& fs, const Unit& unit, std::string_view name) {
    if (!unit.command.empty() && unit.command[0].text.ends_with(name) && exists(fs, unit.command[0].text))
        return unit.command[0].text;
    for (auto dir : kBinaryDirs)
        if (auto path = cat(dir, "/", name); exists(fs, path)) return path;
    return "";
}

// A binary that was put beside the package manager says nothing about the package, and the other way round.
std::optional<Version> packaged(const std::string& binary, const std::optional<std::string>& version) {
    if (!version || binary.starts_with("/usr/local/") || binary.starts_with("/opt/")) return std::nullopt;
    return Version::parse(*version);
}

// Where no unit is: the files from which sysvinit and OpenRC take dockerd's options.
std::vector<FlagSource> init_script_flags(const sys::FsReader& fs) {
    std::vector<FlagSource> flags;
    for (std::string_view file : {"/etc/default/docker", "/etc/conf.d/docker"}) {
        auto text = fs.read(TargetPath(file));
        if (!text) continue;
        for (const auto& [name, value] : parse_environment_file(*text)) {
            if (name != "DOCKER_OPTS") continue;
            std::vector<Word> words{{"dockerd", std::string(file)}};
            for (auto& word : split_words(value)) words.push_back({std::move(word), std::string(file)});
            for (auto& flag : flags_of(words)) flags.push_back(std::move(flag));
        }
    }
    return flags;
}

void discover_snap(DockerFacts& docker, const sys::FsReader& fs) {
    docker.variant = "snap";
    docker.installed = true;
    docker.config_file = TargetPath("/var/snap/docker/current/config/daemon.json");
    docker.unit = facts_of(read_unit(fs, std::string(kSnapUnit)));
}

DockerFacts discover_docker(const sys::FsReader& fs, const Packages& packages) {
    DockerFacts docker;
    auto unit = read_unit(fs, "docker.service");
    docker.unit = facts_of(unit);
    docker.dockerd = find_binary(fs, unit, "dockerd");
    docker.version = packaged(docker.dockerd, packages.version(kDockerPackages, kDockerApk));
    docker.installed = !docker.dockerd.empty() || docker.version;
    if (!docker.installed && exists(fs, "/var/snap/docker/current")) {
        discover_snap(docker, fs);
        return docker;
    }
    if (!docker.installed) docker.variant = "none";
    docker.flags = unit.exists ? flags_of(unit.command) : init_script_flags(fs);
    if (auto file = last_value(docker.flags, "config-file"); file && file->starts_with('/'))
        docker.config_file = TargetPath(*file);
    auto driver = unit.environment.find("DOCKER_DRIVER");
    docker.store =
        read_store_facts(fs, docker, driver == unit.environment.end() ? std::string() : driver->second);
    return docker;
}

ContainerdFacts discover_containerd(const sys::FsReader& fs, const Packages& packages) {
    ContainerdFacts containerd;
    auto unit = read_unit(fs, "containerd.service");
    containerd.unit = facts_of(unit);
    containerd.binary = find_binary(fs, unit, "containerd");
    containerd.version =
        packaged(containerd.binary, packages.version(kContainerdPackages, kContainerdPackages));
    containerd.installed = !containerd.binary.empty() || containerd.version;
    if (auto file = last_value(flags_of(unit.command), "config"); file && file->starts_with('/'))
        containerd.config_file = TargetPath(*file);
    containerd.config_present = exists(fs, containerd.config_file.str());
    if (auto text = fs.read(containerd.config_file); text)
        if (auto config = parse_containerd_config(*text); config)
            containerd.cri_disabled = config->cri_disabled;
    containerd.managed_by_k3s = exists(fs, "/var/lib/rancher/k3s/agent/containerd") ||
                                exists(fs, "/var/lib/rancher/rke2/agent/containerd") ||
                                std::any_of(kK3sUnits.begin(), kK3sUnits.end(), [&](std::string_view name) {
                                    return read_unit(fs, std::string(name)).exists;
                                });
    return containerd;
}

void ask_units(NodeFacts& node, const sys::FsReader& fs, sys::Runner& runner) {
    if (node.systemd) {
        auto known = show_units(runner, {node.docker.unit.name, node.containerd.unit.name});
        for (auto* unit : {&node.docker.unit, &node.containerd.unit})
            if (auto it = known.find(unit->name); it != known.end()) apply_properties(*unit, it->second, fs);
        return;
    }
    // Without a manager that knows: dockerd leaves a pid file, containerd is found by its name.
    node.docker.unit.main_pid = pid_from_file(fs, TargetPath("/run/docker.pid"), "dockerd");
    if (node.docker.unit.main_pid == 0) node.docker.unit.main_pid = find_process(fs, "dockerd");
    node.containerd.unit.main_pid = find_process(fs, "containerd");
    for (auto* unit : {&node.docker.unit, &node.containerd.unit}) {
        unit->active = unit->main_pid != 0;
        unit->started_at = started_at(fs, unit->main_pid);
    }
}

void ask_docker_facts(DockerFacts& docker, const sys::FsReader& fs, sys::Runner& runner) {
    auto pid = docker.unit.main_pid;
    add_running(docker.flags, command_line(fs, pid), cat("/proc/", pid, "/cmdline"));
    // docker.socket would start a daemon that does not run: only an active one is asked.
    if (docker.unit.active) {
        if (auto info = ask_docker(runner, docker_socket(docker))) {
            docker.live = info->live;
            if (!docker.version) docker.version = Version::parse(info->server_version);
        }
    }
    if (!docker.version && !docker.dockerd.empty()) docker.version = ask_version(runner, docker.dockerd);
}

void ask_containerd_facts(ContainerdFacts& containerd, const sys::FsReader& fs, sys::Runner& runner) {
    if (containerd.binary.empty()) return;
    if (!containerd.version) containerd.version = ask_version(runner, containerd.binary);
    auto file = containerd.config_present ? containerd.config_file : TargetPath();
    containerd.dump = dump_containerd_config(runner, containerd.binary, file).value_or("");
    if (containerd.unit.active && containerd.unit.kill_mode != "process")
        containerd.shims = count_processes(fs, "containerd-shim");
}

}  // namespace

std::vector<User> parse_passwd(std::string_view text) {
    constexpr auto kMaxId = static_cast<std::int64_t>(std::numeric_limits<std::uint32_t>::max());
    std::vector<User> users;
    for (const auto& line : split(text, '\n')) {
        auto fields = split(trim(line), ':');
        if (fields.size() != 7 || fields[0].empty() || !fields[5].starts_with('/')) continue;
        auto uid = parse_integer(fields[2]);
        auto gid = parse_integer(fields[3]);
        if (!uid || !gid || *uid < 0 || *gid < 0 || *uid > kMaxId || *gid > kMaxId) continue;
        users.push_back({.name = fields[0],
                         .uid = static_cast<std::uint32_t>(*uid),
                         .gid = static_cast<std::uint32_t>(*gid),
                         .home = TargetPath(fields[5])});
    }
    return users;
}

NodeFacts discover_files(const sys::FsReader& fs, bool live) {
    NodeFacts node{.live = live};
    node.machine_id = read_line(fs, "/etc/machine-id");
    if (live) {
        node.systemd = exists(fs, "/run/systemd/system");  // sd_booted(3)
        node.boot_id = read_line(fs, "/proc/sys/kernel/random/boot_id");
    }
    Packages packages(fs);
    node.docker = discover_docker(fs, packages);
    node.containerd = discover_containerd(fs, packages);
    if (auto passwd = fs.read(TargetPath("/etc/passwd"))) node.users = parse_passwd(*passwd);
    return node;
}

void ask_engines(NodeFacts& node, const sys::FsReader& fs, sys::Runner& runner) {
    if (!node.live || (!node.docker.installed && !node.containerd.installed)) return;
    ask_units(node, fs, runner);
    if (node.docker.installed) ask_docker_facts(node.docker, fs, runner);
    if (node.containerd.installed) ask_containerd_facts(node.containerd, fs, runner);
}

NodeFacts discover(const sys::FsReader& fs, sys::Runner& runner, bool live) {
    auto node = discover_files(fs, live);
    ask_engines(node, fs, runner);
    return node;
}

}  // namespace mirrorctl::engines
