// Receipts and the summary of ownership as JSON, as they are kept in the state directory.
#pragma once

#include "base/result.hpp"
#include "model/receipt.hpp"

#include <string>
#include <string_view>

namespace mirrorctl {

inline constexpr std::string_view kReceiptSchema = "mirrorctl.receipt/1";
inline constexpr std::string_view kOwnershipSchema = "mirrorctl.ownership/1";

std::string receipt_to_json(const Receipt& receipt);
// Errors: parse (unknown schema, wrong types, missing fields, out-of-range values), never an exception.
Result<Receipt> receipt_from_json(std::string_view text);

// What transactions that are no longer kept still own, up to and including `through`.
struct OwnershipSummary {
    std::string through = {};  // id of the newest transaction that is folded in
    Ownership owned = {};
};
std::string ownership_to_json(const OwnershipSummary& summary);
Result<OwnershipSummary> ownership_from_json(std::string_view text);

}  // namespace mirrorctl
