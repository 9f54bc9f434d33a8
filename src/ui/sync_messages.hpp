// What the process that copies tells the one that shows it, as JSON: an image, how far it is, the end.
#pragma once

#include "base/result.hpp"
#include "ui/sync_document.hpp"
#include "ui/sync_progress.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::ui {

std::string image_message(const SyncImage& image);
std::string state_message(const SyncState& state);
// The document without its images: those are messages of their own.
std::string end_message(const SyncDocument& document);

// What they read is printable and bounded. Errors: parse.
Result<SyncImage> read_image(std::string_view message);
Result<SyncState> read_state(std::string_view message);
Result<SyncDocument> read_end(std::string_view message);

}  // namespace mirrorctl::ui
