// Asking an engine's own validation before it has to live with a file.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <string>

namespace mirrorctl::engines {

// `dockerd --validate --config-file FILE` with the flags of the unit, so that a key that is also a flag is
// found (from 23.0: moby cmd/dockerd/daemon.go). Older and unknown versions cannot be asked: no error.
// Errors: check_failed with dockerd's words.
Result<void> validate_docker(sys::Runner& runner, const DockerFacts& docker, const TargetPath& config_file);

// containerd parses its configuration and prints it merged; everything that would keep the CRI plugin from
// loading is an error: a syntax error, or config_path beside registry.mirrors. Errors: check_failed,
// conflict.
Result<void> validate_containerd(sys::Runner& runner, const ContainerdFacts& containerd,
                                 const TargetPath& config_file);

}  // namespace mirrorctl::engines
