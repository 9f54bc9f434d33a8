// A saved plan is untrusted input: it says what somebody was shown, and nothing of it is written. The plan is
// made again from the node's own profile, settings and files, and carried out only if it is the same.
#pragma once

#include "base/result.hpp"
#include "model/desired.hpp"
#include "model/node.hpp"
#include "model/saved_plan.hpp"

namespace mirrorctl::plan {

// What `saved` holds besides the plan.
Wish wish_of(const DesiredState& desired);

// Before anything that it names is looked at: every file must be one that its target writes, every directory
// on the way to one of them, every unit one that our targets activate. Errors: stale_plan, naming what does
// not belong there.
Result<void> check_saved(const Plan& plan, const NodeFacts& node);

// The chosen mirrors out of the node's own profile; what a mirror may do is never more than the profile
// trusts it with. Errors: stale_plan for an upstream or a mirror that the profile does not have.
Result<DesiredState> desired_of(const Wish& wish, const Profile& profile);

// `remade` writes the same files with the same bytes, owners and modes, and makes no engine do more than
// `saved` shows. Errors: stale_plan, naming the first difference.
Result<void> check_remade(const Plan& saved, const Plan& remade);

}  // namespace mirrorctl::plan
