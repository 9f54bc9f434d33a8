// The targets that catalog.cpp lists; each is defined in the file of its name.
#pragma once

#include "targets/target.hpp"

namespace mirrorctl::targets {

const Target& docker_daemon();
const Target& docker_hosts();
const Target& docker_client();
const Target& containerd_hosts();
const Target& systemd_proxy();
const Target& shell_proxy();

}  // namespace mirrorctl::targets
