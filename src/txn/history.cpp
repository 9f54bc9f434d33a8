#include "txn/history.hpp"

#include "base/strings.hpp"
#include "model/json/receipt_json.hpp"
#include "txn/durable.hpp"
#include "txn/journal.hpp"
#include "txn/ledger.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

// `status` and `history` take no lock. When a writer folds old transactions and removes them meanwhile, what
// was read may lack some: then it is read again.
template <class Read>
auto read_settled(const StateView& state, Read read) {
    constexpr int kTries = 10;
    auto summary = [&] { return state.fs.read(state.ownership(), kSummaryLimit).value_or(""); };
    for (int tries = 1;; ++tries) {
        auto before = summary();
        auto result = read();
        if (tries == kTries || summary() == before) return result;
    }
}

Failure nothing_to_undo(std::string message) {
    return Failure(
        Error{.code = ErrorCode::not_found, .message = std::move(message), .hint = "mirrorctl history"});
}

// One that only activated what an earlier one had written leaves nothing of its own to take back.
std::vector<const Receipt*>::const_iterator last_that_wrote(const std::vector<const Receipt*>& counting) {
    auto last = std::find_if(counting.rbegin(), counting.rend(), [](const Receipt* receipt) {
        return !receipt->files.empty() || !receipt->dirs.empty();
    });
    return last == counting.rend() ? counting.end() - 1 : last.base() - 1;
}

}  // namespace

Result<std::vector<Receipt>> history(const StateView& state) {
    TRY_ASSIGN(auto ledger, read_settled(state, [&] { return read_ledger(state); }));
    std::reverse(ledger.receipts.begin(), ledger.receipts.end());
    return std::move(ledger.receipts);
}

Result<Ownership> ownership(const StateView& state) {
    return read_settled(state, [&]() -> Result<Ownership> {
        TRY_ASSIGN(auto ledger, read_ledger(state));
        return fold(state, ledger.folded.owned, ledger.counting());
    });
}

Result<std::vector<std::string>> to_roll_back(const StateView& state, const std::string& id) {
    TRY_ASSIGN(auto ledger, read_ledger(state));
    const auto counting = ledger.counting();
    if (counting.empty()) return nothing_to_undo("nothing to roll back: no transaction is in effect");
    auto first = id.empty() ? last_that_wrote(counting)
                            : std::find_if(counting.begin(), counting.end(), [&](const Receipt* receipt) {
                                  return receipt->transaction == id;
                              });
    if (first == counting.end())
        return nothing_to_undo(
            cat("cannot roll back: ", printable_line(id), ": not in effect, or not kept any more"));
    std::vector<std::string> ids;
    for (auto at = counting.end(); at != first;) ids.push_back((*--at)->transaction);
    return ids;
}

Result<void> retain(const StateDir& state, std::size_t keep) {
    auto names = state.view();
    TRY_ASSIGN(auto ledger, read_ledger(names));
    auto through = ledger.folded.through;
    if (ledger.receipts.size() > keep) {
        through = ledger.receipts[ledger.receipts.size() - keep - 1].transaction;
        auto old = ledger.counting();
        std::erase_if(old, [&](const Receipt* receipt) { return receipt->transaction > through; });
        TRY_ASSIGN(auto owned, fold(names, ledger.folded.owned, old));
        TRY(replace_durably(state.fs, names.ownership(),
                            ownership_to_json({.through = through, .owned = std::move(owned)})));
    }
    TRY_ASSIGN(auto ids, transaction_ids(names));
    for (const auto& id : ids)
        if (id <= through) TRY(remove_transaction(state, id));
    return {};
}

Result<void> write_receipt(const StateDir& state, const Receipt& receipt) {
    return replace_durably(state.fs, state.view().receipt(receipt.transaction), receipt_to_json(receipt));
}

Result<Receipt> read_receipt(const StateView& state, const std::string& id) {
    TRY_ASSIGN(auto text, state.fs.read(state.receipt(id)));
    auto receipt = receipt_from_json(text);
    if (!receipt || receipt->transaction != id)
        return Failure(Error{
            .code = ErrorCode::corrupt_state,
            .message = cat("cannot read state: ", state.receipt(id).str(), ": ",
                           receipt ? "belongs to another transaction" : receipt.error().message),
            .hint = cat("sudo rm ", state.receipt(id).str(), " (history is then told from the journal)")});
    return receipt;
}

}  // namespace mirrorctl::txn
