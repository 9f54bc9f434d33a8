// The two JSON files of docker: daemon.json (dockerd) and config.json (the command line).
#pragma once

#include "base/result.hpp"
#include "targets/target.hpp"

namespace mirrorctl::targets {

inline constexpr const char* kRegistryMirrors = "registry-mirrors";

// Values: "registry-mirrors". Strict JSON as moby daemon/config/config.go reads it from 23.0 on (one value,
// nothing behind it).
const Codec& daemon_json_codec();
// A new daemon.json with these mirrors.
Result<std::string> render_daemon_json(const Values& values);

// Values: "httpProxy", "httpsProxy", "allProxy", "noProxy" of proxies.default (docker/cli
// cli/config/configfile/file.go, ProxyConfig).
const Codec& docker_config_codec();
// A new config.json with these values, indented by tabs as docker itself writes it. Without values: what is
// left when they go.
Result<std::string> render_docker_config(const Values& values);

}  // namespace mirrorctl::targets
