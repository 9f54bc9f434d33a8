// Plan and Pending as JSON. A plan from a file is untrusted input: the reader bounds everything and never
// throws.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl {

inline constexpr std::string_view kPlanSchema = "mirrorctl.saved-plan/1";
inline constexpr std::string_view kPendingSchema = "mirrorctl.pending/1";

// Complete: bytes of all states in base64 (files may hold any bytes). Real values, secrets included: only for
// files with mode 0600.
std::string plan_to_json(const Plan& plan);

// Errors: parse for anything that such a document cannot be: unknown schema, wrong types, missing fields,
// digests that do not match, modes beyond 07777, paths that are not absolute and plain, more than 256 files
// or 4 MiB in one.
Result<Plan> plan_from_json(std::string_view text);

// The journal's form: the bytes of the `before` states are left out (they stand in files of their own), their
// digests are kept.
struct StoredPlan {
    Plan plan;                                // before.bytes empty
    std::vector<std::string> before_digests;  // FileState::digest() per file
};
std::string stored_plan_to_json(const Plan& plan);
Result<StoredPlan> stored_plan_from_json(std::string_view text);

std::string pending_to_json(const std::vector<Pending>& pending);
Result<std::vector<Pending>> pending_from_json(std::string_view text);

// An absolute path without "..", ".", empty components or control characters, at most 4096 bytes.
bool is_plain_path(std::string_view path);

}  // namespace mirrorctl
