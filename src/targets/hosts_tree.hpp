// A directory of hosts.toml files as a whole: certs.d of containerd, and that of dockerd.
#pragma once

#include "base/result.hpp"
#include "targets/hosts_intent.hpp"
#include "targets/target.hpp"

#include <string>
#include <vector>

namespace mirrorctl::targets {

bool any_mirrors(const DesiredState& desired);

// Every hosts.toml one level below `certs_d`.
std::vector<TargetPath> hosts_files(const sys::FsReader& fs, const TargetPath& certs_d);

// Files of upstreams that this run leaves as they are.
void leave_untouched(const HostsTree& tree, Proposal& proposal);

// An intent for every upstream that gets mirrors or has a file, then ours of registries that are not wanted
// any more: all that receipts name or that say so themselves. What is in `proposal.leave` stays. Errors:
// those of hosts_intent.
Result<void> propose_hosts(const HostsTree& tree, const std::vector<DesiredUpstream>& upstreams,
                           Proposal& proposal);

// The registry whose mirrors the file holds, "" for another file.
std::string upstream_of_hosts(const TargetPath& path);

}  // namespace mirrorctl::targets
