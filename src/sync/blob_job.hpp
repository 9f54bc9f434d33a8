// One blob, from wherever it can be read to every repository that lacks it: one read for all registries,
// mounts between the repositories of one registry.
#pragma once

#include "registry/content.hpp"
#include "sync/hosts.hpp"
#include "sync/reader.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct BlobTarget {
    Location location;
    enum class State { missing, uploaded, mounted, failed };
    State state = State::missing;
    Error error = {};  // failed
};

struct BlobJob {
    registry::Part blob;
    std::vector<Location> sources;       // repositories that have it
    std::vector<BlobTarget> targets;     // those that lack it
    std::vector<Location> present = {};  // repositories at the destinations that have it already
    const BlobReader* reader = nullptr;  // while it is being read
};

// What all jobs share.
struct Traffic {
    Reading reading = {};
    std::int64_t written = 0;
    std::size_t mounted = 0;
};

// Runs the job to its end: every target has its final state then.
void run_blob_job(Loop& loop, Hosts& hosts, Traffic& traffic, BlobJob& job);

}  // namespace mirrorctl::sync
