// Files that a config.toml of containerd imports.
#pragma once

#include "base/result.hpp"
#include "sys/fs.hpp"
#include "targets/config_toml.hpp"

#include <vector>

namespace mirrorctl::targets {

struct ImportedConfig {
    TargetPath path;
    RegistryConfig config;
};

// In the order in which containerd merges them (cmd/containerd/server/config/config.go, LoadConfig and
// resolveImports): relative to the importing file, shell patterns in the last component, sorted; each file
// once. At most 64 files. Errors: parse, io.
Result<std::vector<ImportedConfig>> read_imports(const sys::FsReader& fs, const TargetPath& main_file,
                                                 const RegistryConfig& main);

}  // namespace mirrorctl::targets
