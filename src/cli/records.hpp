// What the state directory says, for commands that only look.
#pragma once

#include "cli/node.hpp"
#include "doctor/scene.hpp"
#include "model/receipt.hpp"
#include "model/warning.hpp"

#include <vector>

namespace mirrorctl::cli {

struct Records {
    Ownership owned = {};
    std::vector<Receipt> receipts = {};
    doctor::StateFacts state = {};
    std::vector<Warning> warnings = {};  // what this user may not read
};

// Never fails: what makes no sense is told in `state.error`.
Records read_records(Node& node);

}  // namespace mirrorctl::cli
