// How a run ended, image by image.
#pragma once

#include "base/error.hpp"
#include "sync/reference.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::sync {

struct ImageResult {
    // mounted: copied, but every blob was there already in another repository of that registry.
    enum class Outcome { copied, mounted, skipped, failed };
    std::size_t rule = 0;
    Source source;
    Destination destination;
    Outcome outcome = Outcome::failed;
    std::string why = {};             // skipped, failed: in plain words
    std::optional<Error> error = {};  // failed
    std::string source_digest = {};
    std::string destination_digest = {};  // as that registry confirmed it
    std::int64_t bytes = 0;               // written for this image (a shared blob counts at the first one)
    double seconds = 0;
    std::vector<std::string> notes = {};
};

struct SyncReport {
    std::vector<ImageResult> images;  // in the order of the plan
    std::vector<std::string> warnings;
    std::int64_t bytes_read = 0;     // blobs, from sources and mirrors
    std::int64_t bytes_written = 0;  // blobs, to all destinations
    std::size_t blobs_mounted = 0;
    double seconds = 0;
    bool interrupted = false;
    bool quota_exhausted = false;

    std::size_t count(ImageResult::Outcome outcome) const;
};

}  // namespace mirrorctl::sync
