// What was done on this node: receipts, what is still ours, and which transactions a rollback would take
// back.
#pragma once

#include "base/result.hpp"
#include "model/receipt.hpp"
#include "txn/state_dir.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::txn {

inline constexpr std::size_t kKeptTransactions = 20;

// Ended transactions, newest first. One that ended without a receipt (a full disk) is told from its journal.
// Errors: corrupt_state, permission_denied, io.
Result<std::vector<Receipt>> history(const StateView& state);

// The sum of the committed transactions that were not taken back, older folded ones included.
// Errors: corrupt_state, permission_denied, io.
Result<Ownership> ownership(const StateView& state);

// Ids that `rollback` (empty `id`: the last one that wrote something) takes back, newest first: that
// transaction and all later ones, without rollbacks and those already taken back. Errors: not_found when
// there is nothing to take back or `id` is unknown, gone or not committed.
Result<std::vector<std::string>> to_roll_back(const StateView& state, const std::string& id);

// Removes all but the newest `keep` transactions; what they still own is folded into ownership.json first, so
// nothing is forgotten.
Result<void> retain(const StateDir& state, std::size_t keep = kKeptTransactions);

// The receipt, durable. Errors: no_space, io ...
Result<void> write_receipt(const StateDir& state, const Receipt& receipt);

// Errors: not_found, corrupt_state, permission_denied, io.
Result<Receipt> read_receipt(const StateView& state, const std::string& id);

}  // namespace mirrorctl::txn
