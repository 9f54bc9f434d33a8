// Activations that could not happen yet (pending.json).
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "txn/state_dir.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::txn {

// When a unit last started, seconds since 1970; nullopt if unknown.
using StartedAt = std::function<std::optional<double>(const std::string& unit)>;

// As recorded. No file means none. Errors: corrupt_state, permission_denied, io.
Result<std::vector<Pending>> read_pending(const StateView& state);

// True if the node was booted since the step was recorded (or the step was recorded outside of it, as for an
// image).
bool before_this_boot(const Pending& step, const std::string& boot_id);

// Those of `recorded` that still wait: the unit did not start since. After a boot any start counts, whatever
// the clock says. A pending step without a unit never settles by itself.
std::vector<Pending> still_pending(const std::vector<Pending>& recorded, const std::string& boot_id,
                                   const StartedAt& started_at);

// What pends after `plan` ended with these activations: the recorded ones without those that are done now,
// and the new ones (their boot id and time filled in; an entry that was there before keeps its own).
struct PendingUpdate {
    std::vector<Pending> recorded;
    std::vector<DoneActivation> done;
    std::vector<Activation> activations;
    std::vector<Pending> planned;
    std::string boot_id;
    double now = 0;
    std::string transaction = {};  // that leaves the new ones
};
std::vector<Pending> merge_pending(const PendingUpdate& update);

// Writes durably, and only if it differs from what is recorded. Errors: no_space, read_only,
// permission_denied, io.
Result<void> write_pending(const StateDir& state, const std::vector<Pending>& pending);

}  // namespace mirrorctl::txn
