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
// What a misspelt key was meant to be, e.g. "registry-mirror" -> "registry-mirrors".
std::optional<std::string> meant_daemon_key(const std::string& key);
// The flag that must not be given beside the key: "registry-mirrors" -> "registry-mirror".
std::string daemon_flag_of(const std::string& key);

}  // namespace mirrorctl::doctor
