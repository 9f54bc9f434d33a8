// The way back of the active transaction: files in reverse order into their before-state, activation,
// directories. Used after an error and by recover(); every step looks at the bytes first, so it can be cut
// off and run again.
#pragma once

#include "base/result.hpp"
#include "txn/executor.hpp"
#include "txn/journal.hpp"
#include "txn/recover.hpp"

#include <vector>

namespace mirrorctl::txn {

struct UndoRequest {
    const Entry& entry;
    std::vector<bool> touched = {};  // per file: only these are taken back; empty = all, by their bytes
    std::vector<Activation> activations = {};  // whose engines may have seen the new files
    ForeignFiles foreign = ForeignFiles::refuse;
    bool activation_must_work = true;  // false: an engine that does not come back is a warning
};

struct UndoReport {
    std::vector<DoneActivation> done = {};
    std::vector<Warning> warnings = {};
};

// Stops at the first file that cannot be restored, so that what this file may refer to stays. Errors:
// foreign_change, activation_failed, io, no_space ...; the hint is the step to take by hand.
Result<UndoReport> undo(const TxnContext& context, const UndoRequest& request);

// Undoes, writes the receipt and ends the transaction: outcome rolled_back or, with `error` and its hint,
// stuck.
void finish_undo(const TxnContext& context, const UndoRequest& request, Receipt& receipt);

}  // namespace mirrorctl::txn
