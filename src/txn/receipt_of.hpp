// The part of a receipt that follows from the plan alone.
#pragma once

#include "model/receipt.hpp"
#include "txn/journal.hpp"

namespace mirrorctl::txn {

// Transaction, command, files, directories ... of an entry; the outcome is for the caller to say.
Receipt receipt_of(const Entry& entry);

}  // namespace mirrorctl::txn
