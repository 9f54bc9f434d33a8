// What a run would do, found out before the first byte moves.
#pragma once

#include "base/error.hpp"
#include "sync/reference.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct PlannedImage {
    enum class Action { copy, up_to_date, leave_out };
    std::size_t rule = 0;  // index into the rules
    Source source;
    Destination destination;         // tag filled in
    std::string source_digest = {};  // of what the source has
    std::string digest = {};  // of what the destination will have: another one if a filter drops something
    Action action = Action::copy;
    std::string why = {};                 // up_to_date, leave_out: in plain words
    std::int64_t bytes = 0;               // blobs that this destination lacks
    std::vector<std::string> notes = {};  // "digest changed by filter: ...", "no linux/arm64 in the index"
};

// A rule, or one image of a rule, that cannot be done. `error.location` is the rule's place.
struct Refusal {
    std::size_t rule = 0;
    Source source = {};            // empty tag and digest: the whole rule
    Destination destination = {};  // empty: all of them
    Error error;
};

struct SyncPlan {
    std::vector<PlannedImage> images;
    std::vector<Refusal> refusals;
    std::vector<std::string> warnings;
    std::int64_t source_bytes = 0;       // to read: every blob once
    std::int64_t destination_bytes = 0;  // to write, all destinations together; mounts excluded
    std::size_t blobs = 0;               // to read
    bool quota_exhausted = false;        // a source said so (429 with its pull limit)
};

}  // namespace mirrorctl::sync
