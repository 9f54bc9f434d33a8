#include "txn/recover.hpp"

#include "base/strings.hpp"
#include "txn/activate.hpp"
#include "txn/drift.hpp"
#include "txn/durable.hpp"
#include "txn/history.hpp"
#include "txn/journal.hpp"
#include "txn/pending.hpp"
#include "txn/receipt_of.hpp"
#include "txn/undo.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

Receipt stuck(Receipt receipt, Error error) {
    receipt.outcome = Outcome::stuck;
    receipt.error = std::move(error);
    return receipt;
}

Result<bool> all_after(const sys::FsReader& fs, const Plan& plan) {
    for (const auto& file : plan.files) {
        TRY_ASSIGN(auto sight, look_at(fs, file));
        if (difference(sight, file.after)) return false;
    }
    return true;
}

// The receipt that the interrupted run wrote just before it was cut off, else one from the plan: verification
// was recorded, so whatever could be activated was.
Receipt receipt_of_verified(const TxnContext& context, const Entry& entry) {
    if (auto written = read_receipt(context.state.view(), entry.id);
        written && written->outcome == Outcome::committed)
        return std::move(*written);
    auto receipt = receipt_of(entry);
    receipt.outcome = Outcome::committed;
    for (const auto& activation : entry.plan.activations)
        if (activation.kind != ActivationKind::none)
            receipt.activations.push_back(
                {.unit = activation.unit,
                 .kind = activation.kind,
                 .result = will_run(activation) ? ActivationResult::done : ActivationResult::deferred,
                 .detail = activation.blocked_by});
    return receipt;
}

Result<Receipt> finish_commit(const TxnContext& context, const Entry& entry) {
    // The run may have died before its last record reached the disk: who hears of a commit must not find an
    // older record, and all undone, after a loss of power.
    TRY(context.state.fs.sync_dir(context.state.dir));
    auto receipt = receipt_of_verified(context, entry);
    TRY_ASSIGN(auto recorded, read_pending(context.state.view()));
    receipt.pending = merge_pending({.recorded = std::move(recorded),
                                     .done = receipt.activations,
                                     .activations = entry.plan.activations,
                                     .planned = entry.plan.pending,
                                     .boot_id = context.boot_id,
                                     .now = context.clock.wall(),
                                     .transaction = entry.id});
    TRY(write_receipt(context.state, receipt));
    TRY(write_pending(context.state, receipt.pending));
    TRY_ASSIGN(auto closed, close(context.state, entry.id, Outcome::committed));
    if (closed == Closing::visible)
        receipt.warnings.push_back(
            {.code = "journal_not_synced", .message = "the end of the transaction may have to be repeated"});
    return receipt;
}

// Engines that may run with the new files: those that were asked to, and those that started since (a boot
// after a power loss comes before us).
std::vector<Activation> to_reactivate(const TxnContext& context, const Entry& entry) {
    std::vector<Activation> out;
    auto may_have_seen = [&](const Activation& activation) {
        if (entry.phase != Phase::writing) return true;
        auto started = context.engines.started_at(activation.unit);
        return started && *started >= entry.at;
    };
    std::copy_if(
        entry.plan.activations.begin(), entry.plan.activations.end(), std::back_inserter(out),
        [&](const Activation& activation) { return will_run(activation) && may_have_seen(activation); });
    return out;
}

Receipt recover_entry(const TxnContext& context, const Entry& entry, ForeignFiles foreign) {
    auto receipt = receipt_of(entry);
    if (entry.plan.root != context.root)
        return stuck(std::move(receipt),
                     {.code = ErrorCode::usage,
                      .message = cat("cannot recover: ", entry.id, ": it belongs to root ", entry.plan.root),
                      .hint = cat("sudo mirrorctl recover --root ", entry.plan.root)});
    auto complete = entry.phase == Phase::verified ? all_after(context.fs, entry.plan) : Result<bool>(false);
    if (!complete) return stuck(std::move(receipt), std::move(complete).error());
    if (*complete) {
        auto committed = finish_commit(context, entry);
        if (!committed) return stuck(std::move(receipt), std::move(committed).error());
        return std::move(*committed);
    }
    finish_undo(context,
                {.entry = entry,
                 .activations = to_reactivate(context, entry),
                 .foreign = foreign,
                 .activation_must_work = false},
                receipt);
    return receipt;
}

}  // namespace

Result<bool> needs_recovery(const StateView& state) {
    return exists(state.fs, state.active());
}

Receipt recover(const TxnContext& context, ForeignFiles foreign) {
    Receipt nothing{.at = context.clock.wall(), .command = "recover", .actor = context.actor};
    auto active = read_active(context.state.view());
    if (!active) return stuck(std::move(nothing), std::move(active).error());
    auto receipt = *active ? recover_entry(context, **active, foreign) : std::move(nothing);
    if (*active) receipt.command = "recover";
    if (auto cleaned = remove_orphans(context.state); !cleaned)
        receipt.warnings.push_back({.code = "left_over", .message = cleaned.error().message});
    return receipt;
}

}  // namespace mirrorctl::txn
