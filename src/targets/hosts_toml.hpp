// hosts.toml, the registry host configuration of containerd (docs/hosts.md;
// core/remotes/docker/config/hosts.go, 1.5 to 2.3).
//
// Values:
//   hosts                  URLs of the [host."..."] tables in file order: the order in which they are asked
//   server                 the host that is asked last
//   server capabilities, server override_path, server ca          root keys, which apply to `server`
//   <url> capabilities, <url> override_path, <url> ca, <url> dial_timeout   keys of [host."<url>"]
// Other keys of a host (client, header, skip_verify) are the user's: they stay with their table, and are
// never read.
#pragma once

#include "base/result.hpp"
#include "targets/target.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::targets {

inline constexpr const char* kHosts = "hosts";
inline constexpr const char* kServer = "server";

std::string host_key(std::string_view url, std::string_view attribute);  // also for "server"

const Codec& hosts_toml_codec();

// A file that is ours alone, with these values; in dockerd's directory it says who reads it there.
Result<std::string> render_hosts_toml(const Values& values);
Result<std::string> render_dockerd_hosts_toml(const Values& values);

// The directory for an upstream below `certs_d`: "host_PORT_" where it has a port, unless only "host:port"
// exists already: containerd looks for the first one first (core/remotes/docker/config/config_unix.go).
TargetPath hosts_directory(const sys::FsReader& fs, const TargetPath& certs_d, const std::string& upstream);
// The way back: "localhost_5000_" -> "localhost:5000".
std::string upstream_of_directory(const std::string& name);

}  // namespace mirrorctl::targets
