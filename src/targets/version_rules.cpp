#include "targets/version_rules.hpp"

#include <array>

namespace mirrorctl::targets {

namespace {

constexpr int kAll = 0;

Version v(int major, int minor, int patch = 0) {
    return {.major = major, .minor = minor, .patch = patch};
}
Version open() {
    return v(kAll, kAll);
}

using Table = std::array<VersionRule, 19>;

Table make_table() {
    return {{
        {Rule::mirror_path, "mirror_path", "docker", v(24, 0), open(), false,
         "moby registry/config.go ValidateMirror, branches 23.0 and 24.0"},
        {Rule::mirror_host_only, "mirror_host_only", "docker", v(23, 0), v(28, 0), false,
         "moby daemon/daemon.go RegistryHosts, branches 23.0 to 27.x; seen on 26.1.5"},
        {Rule::daemon_proxies, "daemon_proxies", "docker", v(23, 0), open(), false,
         "moby daemon/config/config.go, branches 20.10 and 23.0"},
        {Rule::mirror_reload, "mirror_reload", "docker", v(17, 4), open(), true,
         "moby daemon/reload.go, branches 17.03.x and 17.04.x; moby#29650"},
        {Rule::reload_is_broken, "reload_is_broken", "docker", v(23, 0, 0), v(23, 0, 7), false,
         "moby#45552, fixed in 23.0.7"},
        {Rule::reload_is_broken, "reload_is_broken", "docker", v(24, 0, 0), v(24, 0, 1), false,
         "moby#45552, fixed in 24.0.1"},
        {Rule::docker_hosts_toml, "docker_hosts_toml", "docker", v(28, 0), open(), false,
         "moby daemon/hosts.go, tags v27.5.1 and v28.0.0"},
        {Rule::containerd_store_default, "containerd_store_default", "docker", v(29, 0), open(), false,
         "moby daemon/image_store_choice.go, Engine 29.0; docs.docker.com/engine/storage/containerd"},
        {Rule::hosts_toml, "hosts_toml", "containerd", v(1, 5), open(), true,
         "containerd docs/hosts.md, release 1.5"},
        {Rule::override_path, "override_path", "containerd", v(1, 6), open(), true,
         "containerd remotes/docker/config/hosts.go, release 1.6"},
        {Rule::host_table_mandatory, "host_table_mandatory", "containerd", v(0, 0), v(2, 0), true,
         "containerd remotes/docker/config/hosts.go, releases 1.5 to 1.7"},
        {Rule::imports_merge_deep, "imports_merge_deep", "containerd", v(2, 0), open(), false,
         "containerd PR #9982, release 2.0"},
        {Rule::config_v3, "config_v3", "containerd", v(2, 0), open(), false,
         "containerd docs/man/containerd-config.toml.5.md, release 2.0"},
        {Rule::config_v4, "config_v4", "containerd", v(2, 3), open(), false,
         "containerd docs/man/containerd-config.toml.5.md, release 2.3"},
        {Rule::dial_timeout, "dial_timeout", "containerd", v(2, 1), open(), false,
         "containerd core/remotes/docker/config/hosts.go, tag v2.1.0"},
        {Rule::single_dir_transfer, "single_dir_transfer", "containerd", v(2, 1), open(), true,
         "containerd internal/cri/server/images/image_pull.go, release 2.1; containerd#12415"},
        {Rule::referrers, "referrers", "containerd", v(2, 2), open(), false,
         "containerd core/remotes/docker/config/hosts.go, release 2.2"},
        {Rule::default_config_path, "default_config_path", "containerd", v(2, 2), open(), false,
         "containerd internal/cri/config/config_unix.go, release 2.2"},
        {Rule::imports_migrate_alone, "imports_migrate_alone", "containerd", v(2, 3), open(), false,
         "containerd cmd/containerd/server/config/config.go, release 2.3"},
    }};
}

}  // namespace

std::span<const VersionRule> version_rules() {
    static const Table kTable = make_table();
    return kTable;
}

Version dockerd_hosts_library() {
    return v(2, 0);
}

bool holds(Rule rule, const std::optional<Version>& version) {
    for (const auto& row : version_rules()) {
        if (row.rule != rule) continue;
        if (!version) {
            if (row.if_unknown) return true;
            continue;
        }
        if (*version >= row.from && (row.until == open() || *version < row.until)) return true;
    }
    return false;
}

}  // namespace mirrorctl::targets
