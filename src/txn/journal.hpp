// The undo journal. Order of durability: before-images and plan, then ACTIVE (the point of intent); ACTIVE
// renamed into the transaction's directory ends it. What ACTIVE says is covered by a checksum, the plan by a
// digest in ACTIVE, each before-image by a digest in the plan: a torn or altered record is told from a good
// one.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "txn/state_dir.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::txn {

// How far a transaction came, as far as recovery must know it.
enum class Phase {
    writing,     // files are being replaced
    activating,  // a daemon may have seen the new files
    verified,    // all files are in their after-state and every check passed
};

struct Entry {
    std::string id = {};
    double at = 0;  // seconds since 1970
    std::string actor = {};
    Phase phase = Phase::writing;
    std::vector<TargetPath> temps = {};  // one per file of the plan, in its order
    Plan plan = {};
};

// The name of the temp file beside the file at `index`; fixed by the transaction so that recovery finds it.
TargetPath temp_path(const std::string& id, const FileChange& file, std::size_t index);

// Makes the entry durable and active. On an error nothing is active and what was written is removed again as
// far as possible. Errors: conflict when another transaction is active; no_space, read_only,
// permission_denied, io.
Result<void> begin(const StateDir& state, const Entry& entry);

// Records the phase of the active transaction, durably.
Result<void> record_phase(const StateDir& state, Entry& entry, Phase phase);

enum class Closing { durable, visible };
// Ends the active transaction: the commit point. `visible`: ended, but the directories could not be synced;
// should the record come back after a power loss, recovery ends it again in the same way. Errors: not ended.
Result<Closing> close(const StateDir& state, const std::string& id, Outcome outcome);

// The active transaction, nullopt if there is none. Errors: corrupt_state (torn, altered, unknown version),
// permission_denied, io.
Result<std::optional<Entry>> read_active(const StateView& state);

// How a transaction ended: committed or rolled_back; nullopt if it never did (a crash before ACTIVE). Errors:
// permission_denied, io.
Result<std::optional<Outcome>> read_outcome(const StateView& state, const std::string& id);

// A transaction that has ended, with its plan. Errors: as read_active; not_found.
Result<Entry> read_ended(const StateView& state, const std::string& id);

// ACTIVE as text and back. Errors of the reader: corrupt_state.
struct Marker {
    std::string id = {};
    double at = 0;
    std::string actor = {};
    Phase phase = Phase::writing;
    std::string plan_digest = {};
    std::vector<TargetPath> temps = {};
};
std::string marker_text(const Marker& marker);
Result<Marker> parse_marker(std::string_view text);

// Removes a transaction's directory with all that we keep in it. Errors: permission_denied, io.
Result<void> remove_transaction(const StateDir& state, const std::string& id);

// Removes what crashes before ACTIVE left: directories of transactions that never became active, temps of
// state files.
Result<void> remove_orphans(const StateDir& state);

// The same, and cheap where there is nothing: a crash before ACTIVE can only have left the newest record.
Result<void> remove_newest_orphan(const StateDir& state);

}  // namespace mirrorctl::txn
