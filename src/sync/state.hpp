// What an engine knows between plan and run.
#pragma once

#include "sync/blob_job.hpp"
#include "sync/engine.hpp"
#include "sync/hosts.hpp"
#include "sync/loop.hpp"
#include "sync/tree.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mirrorctl::sync {

struct Engine::State {
    State(SyncContext c, SyncOptions o)
        : context(std::move(c)),
          options(std::move(o)),
          loop(context.transport, context.clock, context.stop_requested),
          hosts(loop, context.logins, options) {
        traffic.reading.throttle.rate = options.rate;
    }

    SyncContext context;
    SyncOptions options;
    Loop loop;
    Hosts hosts;
    Traffic traffic;

    // By index of SyncPlan::images; nullptr where nothing is to be copied.
    std::vector<std::shared_ptr<const Tree>> trees;
    // All tags of a repository, where they were listed.
    std::map<Location, std::set<std::string>> tags;
    // Blobs at destinations, as HEAD found them: (repository, digest) -> there.
    std::map<std::pair<Location, std::string>, bool> there;
};

}  // namespace mirrorctl::sync
