// All that is on record about past transactions, read once.
#pragma once

#include "base/result.hpp"
#include "model/json/receipt_json.hpp"
#include "model/receipt.hpp"
#include "txn/state_dir.hpp"

#include <string>
#include <vector>

namespace mirrorctl::txn {

// Bytes of the file that tells what transactions which are no longer kept have left.
constexpr std::size_t kSummaryLimit = 64U << 20U;

struct Ledger {
    OwnershipSummary folded = {};        // of transactions that are no longer kept
    std::vector<Receipt> receipts = {};  // of those that are, oldest first; also one that is stuck

    // Committed, no rollback, and not taken back by one; oldest first.
    std::vector<const Receipt*> counting() const;
};

// Errors: corrupt_state, permission_denied, io.
Result<Ledger> read_ledger(const StateView& state);

// What is owned after `receipts` (oldest first), on top of `owned`. Before-images come from the journals.
Result<Ownership> fold(const StateView& state, Ownership owned, const std::vector<const Receipt*>& receipts);

}  // namespace mirrorctl::txn
