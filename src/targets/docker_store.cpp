#include "targets/docker_store.hpp"

#include "base/strings.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

namespace {

// Storage drivers that dockerd has itself; any other name is taken for a snapshotter of containerd (moby
// daemon/graphdriver/register).
constexpr std::array<std::string_view, 5> kOwnDrivers{"overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs"};

bool is_own_driver(const std::string& name) {
    return std::find(kOwnDrivers.begin(), kOwnDrivers.end(), name) != kOwnDrivers.end();
}

}  // namespace

ImageStore image_store(const DockerFacts& docker) {
    const auto& store = docker.store;
    if (docker.live)
        return {docker.live->containerd_store, docker.live->containerd_store
                                                   ? "dockerd says so"
                                                   : "dockerd says that it uses a storage driver"};
    if (store.userns_remap) return {false, "userns-remap rules the containerd image store out"};
    if (store.feature)
        return {*store.feature,
                cat("features.containerd-snapshotter is ", *store.feature ? "true" : "false")};
    if (!holds(Rule::containerd_store_default, docker.version))
        return {false, "before Engine 29 the containerd image store has to be switched on"};
    if (!store.prior_driver.empty())
        return {false, cat(store.prior_driver, " has data below ", store.data_root)};
    if (is_own_driver(store.driver)) return {false, cat("the storage driver is set to ", store.driver)};
    return {true, "the default from Engine 29 on"};
}

bool reads_certs_d(const DockerFacts& docker) {
    return docker.installed && docker.variant == "rootful" &&
           holds(Rule::docker_hosts_toml, docker.version) && image_store(docker).containerd;
}

}  // namespace mirrorctl::targets
