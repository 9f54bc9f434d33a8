// What `sync` did or would do; shown in two ways as all documents are.
#pragma once

#include "base/error.hpp"
#include "model/warning.hpp"
#include "ui/term.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::ui {

struct SyncImage {
    std::string source;
    std::string destination;  // "" = all of the rule's
    std::string outcome;      // copied | mounted | skipped | failed; with --dry-run `planned` too
    std::string why;          // skipped, failed: in plain words
    std::optional<Error> error = {};
    std::string source_digest = {};
    std::string destination_digest = {};
    std::int64_t bytes = 0;
    double seconds = 0;
    std::vector<std::string> notes = {};
};

struct SyncDocument {
    bool dry_run = false;
    std::vector<SyncImage> images = {};
    std::vector<Warning> warnings = {};
    std::vector<Error> errors = {};  // of the rules and logins: nothing was started
    std::int64_t bytes_read = 0;     // with dry_run: that would be
    std::int64_t bytes_written = 0;
    std::size_t blobs_mounted = 0;
    double seconds = 0;
    bool interrupted = false;
    bool quota_exhausted = false;

    std::size_t count(std::string_view outcome) const;
};

std::string sync_json(const SyncDocument& document);
// The report without warnings and rule errors: those belong on stderr.
std::string sync_text(const SyncDocument& document, const Term& term, bool verbose);

}  // namespace mirrorctl::ui
