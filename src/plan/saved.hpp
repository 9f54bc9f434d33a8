// A saved plan is untrusted input: it may only do what a plan of our own could.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"

namespace mirrorctl::plan {

// Every file must be one that its target writes, every directory on the way to one of them, every unit one
// that our targets activate. Errors: stale_plan, naming what does not belong there.
Result<void> check_saved(const Plan& plan, const NodeFacts& node);

}  // namespace mirrorctl::plan
