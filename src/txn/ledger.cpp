#include "txn/ledger.hpp"

#include "base/strings.hpp"
#include "txn/history.hpp"
#include "txn/journal.hpp"
#include "txn/receipt_of.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace mirrorctl::txn {
namespace {

Result<OwnershipSummary> read_summary(const StateView& state) {
    auto text = state.fs.read(state.ownership(), kSummaryLimit);
    if (!text && text.error().code == ErrorCode::not_found) return OwnershipSummary{};
    if (!text) return Failure(std::move(text).error());
    auto summary = ownership_from_json(*text);
    if (!summary)
        return Failure(Error{
            .code = ErrorCode::corrupt_state,
            .message = cat("cannot read state: ", state.ownership().str(), ": ", summary.error().message),
            .hint = cat("move ", state.ownership().str(),
                        " away; sudo mirrorctl reset finds our files without it")});
    return summary;
}

// The receipt of a transaction, or what its journal tells where it was never written. The marker, not the
// receipt, says how it ended.
Result<std::optional<Receipt>> read_line(const StateView& state, const std::string& id) {
    TRY_ASSIGN(auto outcome, read_outcome(state, id));
    auto receipt = read_receipt(state, id);
    if (!receipt && receipt.error().code != ErrorCode::not_found) return Failure(std::move(receipt).error());
    if (!outcome) {
        bool is_stuck = receipt && receipt->outcome == Outcome::stuck;
        return is_stuck ? std::optional(std::move(*receipt)) : std::nullopt;
    }
    if (!receipt) {
        TRY_ASSIGN(auto entry, read_ended(state, id));
        receipt = receipt_of(entry);
    }
    receipt->outcome = *outcome;
    return std::optional(std::move(*receipt));
}

// The file as it was before this transaction.
Result<FileState> before_of(const StateView& state, const std::string& id, const TargetPath& path) {
    TRY_ASSIGN(auto entry, read_ended(state, id));
    for (const auto& file : entry.plan.files)
        if (file.path == path) return file.before;
    return Failure(Error{.code = ErrorCode::corrupt_state,
                         .message = cat("cannot read state: ", state.transaction(id).str(),
                                        ": no before-image of ", path.str())});
}

Result<void> fold_file(const StateView& state, Ownership& owned, const Receipt& receipt,
                       const ReceiptFile& file) {
    if (file.owned.empty()) {
        owned.files.erase(file.path);
        return {};
    }
    auto known = owned.files.find(file.path);
    if (known == owned.files.end()) {
        TRY_ASSIGN(auto base, before_of(state, receipt.transaction, file.path));
        known = owned.files
                    .emplace(file.path, Ownership::File{.target = {}, .values = {}, .base = std::move(base)})
                    .first;
    }
    known->second.target = file.target;
    known->second.values = file.owned;
    return {};
}

void fold_dir(Ownership& owned, const DirChange& dir) {
    std::erase_if(owned.dirs, [&](const DirChange& known) { return known.path == dir.path; });
    if (dir.create) owned.dirs.push_back(dir);
}

}  // namespace

std::vector<const Receipt*> Ledger::counting() const {
    std::set<std::string> undone;
    for (const auto& receipt : receipts)
        if (receipt.outcome == Outcome::committed)
            undone.insert(receipt.undoes.begin(), receipt.undoes.end());
    std::vector<const Receipt*> out;
    for (const auto& receipt : receipts)
        if (receipt.outcome == Outcome::committed && receipt.undoes.empty() &&
            !undone.contains(receipt.transaction))
            out.push_back(&receipt);
    return out;
}

Result<Ledger> read_ledger(const StateView& state) {
    Ledger ledger;
    TRY_ASSIGN(ledger.folded, read_summary(state));
    TRY_ASSIGN(auto ids, transaction_ids(state));
    for (const auto& id : ids) {
        // Folded already; a crash kept it from being removed.
        if (id <= ledger.folded.through) continue;
        TRY_ASSIGN(auto receipt, read_line(state, id));
        if (receipt) ledger.receipts.push_back(std::move(*receipt));
    }
    return ledger;
}

Result<Ownership> fold(const StateView& state, Ownership owned, const std::vector<const Receipt*>& receipts) {
    for (const auto* receipt : receipts) {
        for (const auto& file : receipt->files) TRY(fold_file(state, owned, *receipt, file));
        for (const auto& dir : receipt->dirs) fold_dir(owned, dir);
    }
    return owned;
}

}  // namespace mirrorctl::txn
