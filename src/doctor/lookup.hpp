// Which hosts.toml counts for a registry, and which hosts it makes an engine ask, in order.
#pragma once

#include "doctor/scene.hpp"

#include <string>
#include <vector>

namespace mirrorctl::doctor {

inline constexpr const char* kContainerdCerts = "/etc/containerd/certs.d";
inline constexpr const char* kDockerCerts = "/etc/docker/certs.d";

// One host that an engine asks for an image.
struct Endpoint {
    std::string root;       // "https://m.example/v2": requests are ROOT/NAME/manifests/...
    bool resolve = true;    // may say what a tag is
    bool pull = true;       // serves content
    bool upstream = false;  // the registry itself, not a mirror
    std::string why = {};
};

struct Lookup {
    std::string file = {};  // the hosts.toml that was found, "" if none
    std::string note = {};  // why it is passed over, or why there is none
    std::vector<Endpoint> hosts = {};
};

// The first directory of `roots` that is there for the registry: host_PORT_, host:PORT, _default (containerd
// core/remotes/docker/config/config_unix.go and, for lists, internal/cri/server/images/image_pull.go). The
// registry itself stands behind the hosts unless the file names a `server`.
Lookup look_up(const Scene& scene, const std::vector<TargetPath>& roots, const std::string& registry);

// The registry itself.
Endpoint upstream_of(const std::string& registry, std::string why);

// Directories that the CRI plugin reads hosts.toml from; empty if none, and then `why` says so.
std::vector<TargetPath> cri_roots(const Scene& scene, std::string& why);
// nerdctl's hosts_dir (its docs/config.md).
std::vector<TargetPath> nerdctl_roots(const sys::FsReader& fs);
// dockerd's, empty if it reads none.
std::vector<TargetPath> docker_roots(const Scene& scene);

// The variables that dockerd or containerd has for its own requests, as far as files and the running daemon
// tell.
struct Proxies {
    std::string http = {};
    std::string https = {};
    std::string no_proxy = {};
};
Proxies proxies_of_docker(const Scene& scene);
Proxies proxies_of_containerd(const Scene& scene);

}  // namespace mirrorctl::doctor
