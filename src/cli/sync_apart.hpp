// Copying apart from everything else: in a child process without privileges (sys/confined.hpp), because it
// talks TLS, HTTP and JSON with strangers. What comes back is read as their texts are.
#pragma once

#include "base/result.hpp"
#include "cli/sync_outputs.hpp"
#include "ui/sync_document.hpp"
#include "ui/sync_progress.hpp"

#include <functional>
#include <string>

namespace mirrorctl::cli {

struct SyncOutcome {
    ui::SyncDocument document = {};
    FailedImages failed = {};
    std::string profile = {};  // YAML, "" if there is none
};

// Called while the copies go on: how far they are, and each image that has ended.
struct SyncNews {
    std::function<void(const ui::SyncState&)> state;
    std::function<void(const ui::SyncImage&)> image;
};

using SyncWork =
    std::function<Result<SyncOutcome>(const SyncNews& news, const std::function<bool()>& stop_requested)>;

// Does `work` in the child; what it needs that nobody may read is in memory before. A signal asks it to come
// to an end in good order. Errors: those of `work`, without their place; network (the child crashed, or told
// nonsense), permission_denied (privileges could not be given up), io.
Result<SyncOutcome> sync_apart(const SyncWork& work, const SyncNews& news);

}  // namespace mirrorctl::cli
