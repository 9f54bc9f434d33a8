// Asking containerd: its merged configuration and the state of its CRI plugin.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "sys/runner.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::engines {

// What `containerd config dump` (or a config.toml) says about registries. Table names per version: 1
// "plugins.cri.registry", 2 "io.containerd.grpc.v1.cri", 3 and 4 "io.containerd.cri.v1.images" (containerd
// cmd/containerd/server/config/config.go, 2.3).
struct ContainerdConfig {
    int version = 1;
    std::string config_path;
    bool cri_disabled = false;  // in disabled_plugins, as Docker's containerd.io package ships it
    std::vector<std::string> legacy_mirrors;  // keys of registry.mirrors: with config_path beside them the
                                              // CRI plugin does not load
};

// Errors: parse with line and column.
Result<ContainerdConfig> parse_containerd_config(std::string_view toml);

// The merged configuration of `config_file` as containerd itself prints it; needs no daemon. Errors:
// not_found, check_failed with what containerd said.
Result<std::string> dump_containerd_config(sys::Runner& runner, const std::string& binary,
                                           const TargetPath& config_file);

enum class CriState { loaded, failed, absent, unknown };

struct CriReport {
    CriState state = CriState::unknown;
    std::string detail;  // the line that says so
};

// The plugins that serve CRI pulls, from `ctr plugins ls` (columns TYPE ID PLATFORMS STATUS):
// io.containerd.grpc.v1 cri, and from 2.0 io.containerd.cri.v1 images and runtime. `failed` if one of them is
// in another state than ok; `skip` counts as absent.
CriReport parse_plugin_list(std::string_view output);
CriReport ask_cri(sys::Runner& runner);

std::string_view name_of(CriState state);

}  // namespace mirrorctl::engines
