// Builders that have a buildkitd of their own: neither daemon.json nor certs.d reaches them.
#pragma once

#include "doctor/scene.hpp"

#include <vector>

namespace mirrorctl::doctor {

// From ~/.docker/buildx/instances of all users (docker/buildx store/nodegroup.go) and
// /etc/buildkit/buildkitd.toml.
std::vector<Builder> find_builders(const NodeFacts& node, const sys::FsReader& fs);

}  // namespace mirrorctl::doctor
