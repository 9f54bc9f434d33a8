// What depends on an engine's version: one table, so that no version number stands anywhere else in this
// folder.
#pragma once

#include "model/node.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace mirrorctl::targets {

enum class Rule {
    mirror_path,        // daemon.json: a mirror may have a path
    mirror_host_only,   // with the containerd image store, only the host of a mirror in daemon.json counts
    daemon_proxies,     // daemon.json: the key `proxies`
    mirror_reload,      // SIGHUP takes new registry-mirrors
    reload_is_broken,   // SIGHUP loses insecure-registries
    docker_hosts_toml,  // dockerd reads /etc/docker/certs.d/*/hosts.toml (containerd image store)
    containerd_store_default,  // dockerd keeps images in containerd's store unless told otherwise
    hosts_toml,                // config_path and certs.d exist
    override_path,             // hosts.toml: override_path
    host_table_mandatory,      // hosts.toml without any [host] table is rejected
    imports_merge_deep,  // imported files are merged key by key; before, they replace whole plugin sections
    config_v3,
    config_v4,
    dial_timeout,           // hosts.toml: dial_timeout
    single_dir_transfer,    // config_path is taken as one directory, colons included
    referrers,              // hosts.toml: the capability "referrers"
    default_config_path,    // config_path has a default value
    imports_migrate_alone,  // imported files may have another config version than the main file
};

struct VersionRule {
    Rule rule;
    std::string_view name;
    std::string_view engine;  // "docker", "containerd"
    Version from;             // first version for which it holds
    Version until;            // first one for which it does not any more; 0.0.0 = it still does
    bool if_unknown;          // what to assume when nobody knows the version: whatever does less harm
    std::string_view source;
};

std::span<const VersionRule> version_rules();

// The oldest containerd library that a dockerd with hosts.toml has built in, so that no key is written which
// it may not know (moby vendor.mod, tag v28.0.0).
Version dockerd_hosts_library();

// True if a row of the table covers the version.
bool holds(Rule rule, const std::optional<Version>& version);

}  // namespace mirrorctl::targets
