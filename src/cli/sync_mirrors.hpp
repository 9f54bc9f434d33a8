// What this node knows of mirrors, as the engine of sync wants it.
#pragma once

#include "cli/node.hpp"
#include "cli/sync_inputs.hpp"
#include "sync/engine.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirrorctl::cli {

struct SyncRoutes {
    std::map<std::string, std::vector<sync::ReadHost>> mirrors = {};  // by upstream, fastest first
    std::function<std::string(const std::string& host)> proxy_of = {};
};

// Mirrors only with --profile: the cached ranking while it is good, else a race. Those that rank behind a
// usable origin are left out. Logins of mirrors go into `inputs`. Errors: those of load_profile and measure.
Result<SyncRoutes> sync_routes(Node& node, const SyncOptions& options, SyncInputs& inputs);

}  // namespace mirrorctl::cli
