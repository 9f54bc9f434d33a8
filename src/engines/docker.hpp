// Asking the running dockerd. API: GET /info, "SystemInfo" in moby's api/swagger.yaml (v1.24 to v1.52 read
// alike).
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "sys/runner.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::engines {

inline constexpr const char* kDockerSocket = "/var/run/docker.sock";

struct DockerInfo {
    DockerLive live = {};
    std::string server_version = {};
};

// Errors: parse. The containerd image store shows as the DriverStatus pair "driver-type:
// io.containerd.snapshotter.v1" (moby daemon/info.go, 24.0 and later).
Result<DockerInfo> parse_docker_info(std::string_view json);

// Where the daemon listens: the first unix:// host of its flags, else /var/run/docker.sock.
std::string docker_socket(const DockerFacts& docker);

// Errors: not_found (no socket), network (nobody listens), http, parse.
Result<DockerInfo> ask_docker(sys::Runner& runner, const std::string& socket, double timeout_seconds = 3);

}  // namespace mirrorctl::engines
