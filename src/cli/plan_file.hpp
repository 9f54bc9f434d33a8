// The file of `plan --out` and `apply FILE`.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"
#include "model/saved_plan.hpp"

#include <string>

namespace mirrorctl::cli {

// Writes it (0600) to a host path. Errors: unsafe_path for anything but a plain file; unsupported_layout for
// a plan that could not be read again; not_found, permission_denied, io.
Result<void> save_plan(Node& node, const std::string& file, const SavedPlan& saved);

// The plan of `options.plan_file`, which must belong to root, to us or to who called sudo. What it wants is
// only looked at (plan/saved.hpp says what that means). Errors: unsafe_path (the file), parse, stale_plan
// (another root, what no plan of ours would do), usage (an option that has to be given again), not_found, io.
Result<SavedPlan> read_saved_plan(Node& node, const ApplyOptions& options);

// The profile to make the plan again from: --profile, else one of the node that has its name, else
// config.yaml's; with exactly the content that it had. A path in the plan is not believed. Errors:
// stale_plan.
Result<std::string> profile_of_plan(Node& node, const ApplyOptions& options, const Plan& plan);

}  // namespace mirrorctl::cli
