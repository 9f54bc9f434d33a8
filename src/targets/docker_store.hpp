// Which of its files dockerd takes mirrors from: daemon.json (docker.io only) or hosts.toml below
// /etc/docker/certs.d (every registry).
#pragma once

#include "model/node.hpp"

#include <string>

namespace mirrorctl::targets {

inline constexpr const char* kDockerCertsD = "/etc/docker/certs.d";

struct ImageStore {
    bool containerd = false;  // false: a storage driver of dockerd itself
    std::string reason;       // "overlay2 has data below /var/lib/docker"
};

// The store that the running dockerd says it has; where nobody asked it, the one that it would choose at its
// next start (moby daemon/image_store_choice.go and daemon/command/daemon_unix.go, setPlatformOptions).
ImageStore image_store(const DockerFacts& docker);

// Pulls look at hosts.toml files: Engine 28 or later (a version that nobody knows does not count), with the
// image store of containerd, and not a snap, which has a directory of its own.
bool reads_certs_d(const DockerFacts& docker);

}  // namespace mirrorctl::targets
