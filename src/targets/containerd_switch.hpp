// Where containerd looks for hosts.toml files, and what it takes to make it look.
#pragma once

#include "base/result.hpp"
#include "targets/target.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::targets {

inline constexpr const char* kCertsD = "/etc/containerd/certs.d";

struct ContainerdSwitch {
    TargetPath certs_d = TargetPath(kCertsD);
    bool has_reader = true;                 // false: the CRI plugin is disabled
    std::optional<FileIntent> config = {};  // nullopt: config.toml stays as it is
    std::optional<Pending> pending = {};
    std::vector<Warning> warnings = {};
};

// Looks at config.toml, at the files that it imports and, if discovery has it, at the merged configuration.
// `wanted`: there will be hosts.toml files that have to be read; else only a config_path of ours is taken
// out. Errors: conflict (legacy mirrors, colon lists, a directory outside /etc, imports that would hide
// ours), parse, unsupported_layout.
Result<ContainerdSwitch> plan_switch(const Context& context, bool wanted);

// The directory alone, for looking around; the usual one if config.toml says nothing usable.
TargetPath certs_directory(const NodeFacts& node, const sys::FsReader& fs);

}  // namespace mirrorctl::targets
