// Changes that became live without us: pending steps whose unit started since, at a boot or by somebody's
// hand. Nobody has verified them yet.
#pragma once

#include "base/error.hpp"
#include "base/result.hpp"
#include "model/plan.hpp"
#include "txn/executor.hpp"
#include "txn/state_dir.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::txn {

struct BrokenStart {
    std::string transaction;         // the oldest that one of the units had not started with before
    std::vector<std::string> units;  // that do not work
    Error error;                     // activation_failed, with the first unit's own words
};

struct LateStarts {
    std::vector<Pending> open;               // steps that still wait
    std::optional<BrokenStart> broken = {};  // what did not work
};

// A step is settled when its unit runs and says what the checks of its transaction (and of later ones)
// expect. Checks are left out where somebody edited the files since: that is the newer word. A step whose
// transaction is not in effect any more blames nobody. Errors: corrupt_state, permission_denied, io.
Result<LateStarts> check_late_starts(const TxnContext& context);

// What must not be written again by itself, because an engine did not work with it.
struct HeldBack {
    std::string target;
    std::string transaction;
    std::string reason;  // one line
};

// Targets whose newest transaction broke their engine (or one that is not known) and was taken back, as long
// as their files stand as they were then: an edit of the user's is a reason to try again.
// Errors: corrupt_state, permission_denied, io.
Result<std::vector<HeldBack>> held_back(const StateView& state, const sys::FsReader& fs);

}  // namespace mirrorctl::txn
