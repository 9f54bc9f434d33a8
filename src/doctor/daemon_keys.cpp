#include "doctor/daemon_keys.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace mirrorctl::doctor {

namespace {

constexpr auto kKeys = std::to_array<std::string_view>({
    "allow-direct-routing",
    "allow-nondistributable-artifacts",
    "api-cors-header",
    "authorization-plugins",
    "bip",
    "bip6",
    "bridge",
    "bridge-accept-fwmark",
    "builder",
    "cdi-spec-dirs",
    "cgroup-parent",
    "cluster-advertise",
    "cluster-store",
    "cluster-store-opts",
    "containerd",
    "containerd-namespace",
    "containerd-plugin-namespace",
    "containerd-plugins-namespace",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cri-containerd",
    "data-root",
    "debug",
    "default-address-pools",
    "default-cgroupns-mode",
    "default-gateway",
    "default-gateway-v6",
    "default-ipc-mode",
    "default-network-opts",
    "default-runtime",
    "default-shm-size",
    "default-ulimits",
    "deprecated-key-path",
    "dns",
    "dns-opts",
    "dns-search",
    "exec-opts",
    "exec-root",
    "experimental",
    "features",
    "firewall-backend",
    "fixed-cidr",
    "fixed-cidr-v6",
    "graph",
    "group",
    "host-gateway-ip",
    "host-gateway-ips",
    "hosts",
    "http-proxy",
    "https-proxy",
    "icc",
    "init",
    "init-path",
    "insecure-registries",
    "ip",
    "ip-forward",
    "ip-forward-no-drop",
    "ip-masq",
    "ip6tables",
    "iptables",
    "ipv6",
    "labels",
    "live-restore",
    "log-driver",
    "log-format",
    "log-level",
    "log-opts",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "metrics-addr",
    "min-api-version",
    "mtu",
    "network-control-plane-mtu",
    "network-diagnostic-port",
    "no-new-privileges",
    "no-proxy",
    "node-generic-resources",
    "nri-opts",
    "oom-score-adjust",
    "pidfile",
    "proxies",
    "raw-logs",
    "registry-mirrors",
    "rootless",
    "runtimes",
    "seccomp-profile",
    "selinux-enabled",
    "shutdown-timeout",
    "storage-driver",
    "storage-opts",
    "swarm-default-advertise-addr",
    "swarm-raft-election-tick",
    "swarm-raft-heartbeat-tick",
    "tls",
    "tlscacert",
    "tlscert",
    "tlskey",
    "tlsverify",
    "userland-proxy",
    "userland-proxy-path",
    "userns-remap",
});

// dockerd 20.10.24 refuses these; most are younger still.
constexpr auto kSince23 = std::to_array<std::string_view>(
    {"allow-direct-routing", "bip6", "bridge-accept-fwmark", "cdi-spec-dirs", "default-network-opts",
     "firewall-backend", "host-gateway-ips", "http-proxy", "https-proxy", "ip-forward-no-drop", "log-format",
     "min-api-version", "no-proxy", "nri-opts", "proxies"});

struct Plural {
    std::string_view key;
    std::string_view flag;
};
// cmd/dockerd/config.go: list flags are named in the singular, the key in the file in the plural.
constexpr auto kPlurals = std::to_array<Plural>({
    {"registry-mirrors", "registry-mirror"},
    {"insecure-registries", "insecure-registry"},
    {"authorization-plugins", "authorization-plugin"},
    {"hosts", "host"},
    {"labels", "label"},
    {"dns-opts", "dns-opt"},
    {"exec-opts", "exec-opt"},
    {"storage-opts", "storage-opt"},
    {"log-opts", "log-opt"},
    {"runtimes", "add-runtime"},
    {"default-ulimits", "default-ulimit"},
    {"default-address-pools", "default-address-pool"},
    {"default-network-opts", "default-network-opt"},
    {"node-generic-resources", "node-generic-resource"},
    {"cdi-spec-dirs", "cdi-spec-dir"},
    {"features", "feature"},
    {"host-gateway-ips", "host-gateway-ip"},
    {"allow-nondistributable-artifacts", "allow-nondistributable-artifacts"},
});

// With other separators, in other case or as a flag: how people write the keys that matter here.
std::string normal(std::string_view key) {
    std::string out;
    for (char c : lower(key))
        if (c != '-' && c != '_' && c != ' ' && c != '.') out += c;
    return out;
}

}  // namespace

bool is_daemon_key(std::string_view key) {
    return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

bool needs_engine_23(std::string_view key) {
    return std::find(kSince23.begin(), kSince23.end(), key) != kSince23.end();
}

bool is_flag_only(std::string_view key) {
    constexpr auto kOthers = std::to_array<std::string_view>({"config-file", "help", "version"});
    auto is_flag = [&](const Plural& plural) { return plural.flag == key; };
    return !is_daemon_key(key) && (std::any_of(kPlurals.begin(), kPlurals.end(), is_flag) ||
                                   std::find(kOthers.begin(), kOthers.end(), key) != kOthers.end());
}

std::optional<std::string> meant_daemon_key(const std::string& key) {
    auto wanted = normal(key);
    for (auto known : kKeys)
        if (normal(known) == wanted) return std::string(known);
    for (const auto& plural : kPlurals)
        if (normal(plural.flag) == wanted) return std::string(plural.key);
    return nearest(key, std::vector<std::string>(kKeys.begin(), kKeys.end()));
}

std::string daemon_flag_of(const std::string& key) {
    auto it = std::find_if(kPlurals.begin(), kPlurals.end(), [&](const Plural& p) { return p.key == key; });
    return it == kPlurals.end() ? key : std::string(it->flag);
}

}  // namespace mirrorctl::doctor
