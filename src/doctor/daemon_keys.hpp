// The keys of daemon.json, and the flags of the same meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::doctor {

// Any Engine from 20.10 to 29 knows it (docker/cli docs/reference/dockerd.md, "Daemon configuration file",
// and the json tags in moby daemon/config).
bool is_daemon_key(std::string_view key);
// No Engine before 23.0 knows it.
bool needs_engine_23(std::string_view key);
// A flag's name that is no key, e.g. "registry-mirror": dockerd takes it in the file and never looks at it,
// because it looks for unknown keys among its flags (moby daemon/config/config.go,
// findConfigurationConflicts).
bool is_flag_only(std::string_view key);
// What such a key, or a misspelt one, was meant to be, e.g. "registry_mirrors" -> "registry-mirrors".
std::optional<std::string> meant_daemon_key(const std::string& key);
// The flag that must not be given beside the key: "registry-mirrors" -> "registry-mirror".
std::string daemon_flag_of(const std::string& key);

}  // namespace mirrorctl::doctor
