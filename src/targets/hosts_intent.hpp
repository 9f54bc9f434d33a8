// What one hosts.toml shall say about one registry.
#pragma once

#include "base/result.hpp"
#include "targets/our_files.hpp"
#include "targets/target.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace mirrorctl::targets {

// Who reads a directory of hosts.toml files. The format is one, the engines differ in what they know of it.
struct HostsReader {
    std::string_view target;         // whose receipts name the files
    std::optional<Version> library;  // of containerd; nullopt = unknown
    bool exact = true;               // false: it is this library or a later one
    Render render = nullptr;
    std::string_view credentials_hint = {};  // where the credentials of a mirror can go instead
};

// One such directory in one run.
struct HostsTree {
    const Context& context;
    HostsReader reader;
    TargetPath certs_d;
};

// The first `keep` mirrors in rank order with capabilities from their trust (never push or referrers), then
// the origin as `server`; with `fallback: none` the last mirror is the server, because containerd has no
// other word for "no origin". CA files beside it (*.crt), which count only where no hosts.toml is, become its
// `ca`; client certificates cannot, so that registry stays without mirrors, with a warning. nullopt: no
// mirror is wanted and there is no file. Errors: parse, unsupported_layout.
Result<std::optional<FileIntent>> hosts_intent(const HostsTree& tree, const DesiredUpstream& upstream,
                                               std::vector<Warning>& warnings);

// Takes ours out of the file.
Result<FileIntent> removal_intent(const HostsTree& tree, const TargetPath& path);

}  // namespace mirrorctl::targets
