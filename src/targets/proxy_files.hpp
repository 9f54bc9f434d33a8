// The three kinds of files that hold proxy variables: a systemd drop-in, an env file for EnvironmentFile=, a
// shell profile.
//
// Values: one per variable, "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"
// (the shell profile also "ALL_PROXY", "all_proxy"); in the drop-in "EnvironmentFile" too, but only one below
// /etc/mirrorctl/: others are the user's.
#pragma once

#include "base/result.hpp"
#include "targets/proxy_values.hpp"
#include "targets/target.hpp"

#include <array>
#include <string>
#include <string_view>

namespace mirrorctl::targets {

inline constexpr const char* kEnvironmentFile = "EnvironmentFile";
// Where the variables stand when they carry credentials: what stands in a unit can be read by everybody
// (systemctl show).
inline constexpr const char* kDockerProxyEnv = "/etc/mirrorctl/proxy-docker.env";
inline constexpr const char* kContainerdProxyEnv = "/etc/mirrorctl/proxy-containerd.env";

const Codec& drop_in_codec();        // systemd.exec(5) "Environment=", "EnvironmentFile="
const Codec& proxy_env_codec();      // systemd.exec(5) "EnvironmentFile="
const Codec& shell_profile_codec();  // POSIX shell, `export NAME=value`

Result<std::string> render_drop_in(const Values& values);
Result<std::string> render_proxy_env(const Values& values);
Result<std::string> render_shell_profile(const Values& values);

// Each variable in upper and lower case; empty ones are left out. Go takes the upper one, curl only the lower
// http_proxy.
Values both_cases(const ProxyVariables& variables);

// Variable names that `text` (a unit file or an env file) sets to something and that both_cases may set too.
// A text that cannot be read sets nothing.
std::vector<std::string> proxy_names_in_unit(std::string_view text, bool& clears);
std::vector<std::string> proxy_names_in_env_file(std::string_view text);

}  // namespace mirrorctl::targets
