// containerd's config.toml, of which one key is ours: config_path, the switch that makes certs.d count.
// Schema: containerd docs/man/containerd-config.toml.5.md; cmd/containerd/server/config/config.go, 1.5
// to 2.3.
#pragma once

#include "base/result.hpp"
#include "targets/target.hpp"
#include "text/path.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::targets {

inline constexpr const char* kConfigPath = "config_path";

// Values: "config_path", in the table that the file's own `version` asks for: absent or 1
// plugins.cri.registry, 2 plugins."io.containerd.grpc.v1.cri".registry, 3 and 4
// plugins."io.containerd.cri.v1.images".registry.
const Codec& config_toml_codec();

// A new file for this containerd, with nothing but the switch in it. Version 3 from containerd 2.0, else 2.
Result<std::string> render_config_toml(const Values& values, const std::optional<Version>& version);

// What else in a config.toml (or in `containerd config dump`) matters for certs.d.
struct RegistryConfig {
    std::int64_t version = 1;
    std::optional<std::string> config_path = {};
    bool has_cri_section = false;  // any table of the CRI plugin
    bool cri_disabled = false;     // in disabled_plugins, as in Docker's containerd.io package
    std::vector<std::string> legacy =
        {};  // "registry.mirrors.\"docker.io\"", "registry.configs.\"x\".tls": what config_path excludes
    std::vector<std::string> imports = {};
};

// Errors: parse, unsupported_layout (a version that nobody knows).
Result<RegistryConfig> read_registry_config(std::string_view text);

}  // namespace mirrorctl::targets
