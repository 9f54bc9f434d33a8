// Finishes or undoes what a crash left. Works by bytes: undo, unless all files are in their after-state and
// the verification was recorded. Can itself be interrupted at any point and run again.
#pragma once

#include "base/result.hpp"
#include "model/receipt.hpp"
#include "txn/executor.hpp"

namespace mirrorctl::txn {

// Is there something to recover? Errors: permission_denied, io.
Result<bool> needs_recovery(const StateView& state);

enum class ForeignFiles { refuse, keep_current };

// Outcome `unchanged`: nothing was active. `committed` or `rolled_back` without an error: done. `stuck`:
// `error` names the file that somebody else changed (foreign_change) or what could not be restored; nothing
// that others wrote is overwritten. `keep_current` leaves such files as they are, undoes the rest and ends
// the transaction.
Receipt recover(const TxnContext& context, ForeignFiles foreign = ForeignFiles::refuse);

}  // namespace mirrorctl::txn
