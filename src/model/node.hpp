// What discovery found out about this node. With a root other than "/" only what files tell (`live` is
// false).
#pragma once

#include "model/file_state.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl {

struct Version {
    int major = 0;
    int minor = 0;
    int patch = 0;
    std::string text = {};  // as the engine says it
    auto operator<=>(const Version& other) const {
        if (auto c = major <=> other.major; c != 0) return c;
        if (auto c = minor <=> other.minor; c != 0) return c;
        return patch <=> other.patch;
    }
    bool operator==(const Version& other) const { return (*this <=> other) == 0; }
    // "20.10.24+dfsg1", "v1.7.24~ds1", "docker-v29.0.0" -> numbers; nullopt if there are none.
    static std::optional<Version> parse(const std::string& text);
};

// A flag that the engine is started with, and where it was found (a unit file, an env file, the running
// command line).
struct FlagSource {
    std::string flag;   // "--registry-mirror=https://..." as written
    std::string where;  // "/etc/default/docker", "/proc/123/cmdline"
};

struct UnitFacts {
    std::string name;  // "docker.service"
    bool exists = false;
    bool active = false;              // live only
    int main_pid = 0;                 // live only
    double started_at = 0;            // seconds since 1970, live only
    std::string kill_mode = {};       // "process" keeps containers when the unit restarts
    bool need_daemon_reload = false;  // live only
    bool can_reload = true;           // false: systemd said that it has no reload
    std::vector<TargetPath> environment_files = {};
    // HTTP_PROXY, HTTPS_PROXY and NO_PROXY as the unit sets them (upper case wins, as in Go): may hold
    // credentials.
    std::map<std::string, std::string> proxy_environment = {};
    std::vector<std::string> bound_to =
        {};  // units whose restart restarts this one (Requires=, BindsTo=, PartOf=)
};

struct DockerLive {
    std::vector<std::string> mirrors;               // RegistryConfig.Mirrors
    std::string http_proxy, https_proxy, no_proxy;  // masked by the daemon
    bool live_restore = false;
    bool swarm = false;
    int containers_running = 0;
    bool containerd_store = false;
    bool insecure_registries = false;  // any beyond loopback
};

// What decides before a start where dockerd keeps its images: the image store of containerd, or a storage
// driver of its own.
struct DockerStoreFacts {
    std::optional<bool> feature = {};  // features.containerd-snapshotter, from daemon.json or a flag
    std::string driver = {};           // the storage driver that somebody chose
    bool userns_remap = false;
    std::string data_root = "/var/lib/docker";
    std::string prior_driver = {};  // a storage driver that has data below data_root
};

struct DockerFacts {
    bool installed = false;
    std::string variant = "rootful";  // rootful | snap | none
    std::optional<Version> version = {};
    UnitFacts unit = {};
    std::vector<FlagSource> flags = {};
    TargetPath config_file = TargetPath("/etc/docker/daemon.json");
    std::string dockerd = {};  // path of the binary inside the root, "" if unknown
    DockerStoreFacts store = {};
    std::optional<DockerLive> live = {};  // nullopt: not running, or not asked
};

struct ContainerdFacts {
    bool installed = false;
    std::optional<Version> version = {};
    UnitFacts unit = {};
    TargetPath config_file = TargetPath("/etc/containerd/config.toml");
    bool config_present = false;
    std::string dump = {};  // `containerd config dump`: the merged configuration; "" if it could not be asked
    std::string binary = {};
    bool managed_by_k3s = false;
    bool cri_disabled = false;  // disabled_plugins of config_file names CRI (as in Docker's containerd.io
                                // package): nothing reads certs.d
    int shims = 0;              // running containerd-shim processes; live only
};

struct User {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    TargetPath home;
};

struct NodeFacts {
    bool live = false;     // root is "/" : processes and sockets may be asked
    bool systemd = false;  // PID 1 is systemd
    std::string boot_id = {};
    std::string machine_id = {};
    DockerFacts docker = {};
    ContainerdFacts containerd = {};
    std::vector<User> users = {};  // ROOT/etc/passwd

    const User* find_user(const std::string& name) const;
};

}  // namespace mirrorctl
