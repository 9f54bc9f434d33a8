// What of a plan's activations can happen now, and what follows from it.
#pragma once

#include "model/plan.hpp"

#include <functional>

namespace mirrorctl::plan {

// engines::settle with the node's facts and the restart policy bound.
using Settle = std::function<Activation(const Activation&)>;

// Settles every activation. What may not run now (no consent, deferred) becomes pending, and interim states
// that only served it are dropped. Its checks stay: they are asked once the unit has started with the files
// (txn/late_start).
void settle_plan(Plan& plan, const Settle& settle);

}  // namespace mirrorctl::plan
