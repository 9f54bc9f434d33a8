// The file of `plan --out`. It is untrusted input: the reader bounds everything and never throws.
#pragma once

#include "base/result.hpp"
#include "model/saved_plan.hpp"

#include <string>
#include <string_view>

namespace mirrorctl {

inline constexpr std::size_t kSavedPlanLimit = 4U << 20U;  // bytes of the file

// Real values, secrets included: only for files with mode 0600.
std::string saved_plan_to_json(const SavedPlan& saved);

// Errors: those of plan_from_json; parse for anything that a wish cannot be.
Result<SavedPlan> saved_plan_from_json(std::string_view text);

}  // namespace mirrorctl
