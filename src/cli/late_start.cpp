// What an engine started with while nobody looked: verified by the next command that writes, and taken back
// if it broke the engine.
#include "base/strings.hpp"
#include "cli/engine_control.hpp"
#include "cli/transaction.hpp"
#include "plan/settle.hpp"
#include "txn/history.hpp"
#include "txn/pending.hpp"
#include "txn/rollback.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

bool is_broken(const txn::BrokenStart& broken, const std::string& unit) {
    return std::find(broken.units.begin(), broken.units.end(), unit) != broken.units.end();
}

// The rollback as `mirrorctl rollback ID` makes it, except that broken engines are started again whatever the
// policy: they do no work that could stop.
Result<Plan> plan_to_take_back(Node& node, const txn::BrokenStart& broken) {
    TRY_ASSIGN(auto policy, node.restart_policy(""));
    TRY_ASSIGN(auto ids, txn::to_roll_back(node.state_view(), broken.transaction));
    TRY_ASSIGN(auto plan, txn::make_rollback(node.state_view(), node.fs(), ids,
                                             [&](const TargetPath& path) { return codec_at(node, path); }));
    stamp(plan, node, "rollback");
    const auto& facts = node.asked_facts();
    std::erase_if(plan.activations, [&](const Activation& known) {
        return known.kind != ActivationKind::daemon_reload && is_broken(broken, known.unit);
    });
    for (const auto& unit : broken.units)
        plan.activations.push_back(
            {.unit = unit, .kind = ActivationKind::restart, .reason = "it does not work"});
    plan::settle_plan(plan, [&](const Activation& wanted) {
        bool start = wanted.kind == ActivationKind::restart && is_broken(broken, wanted.unit);
        return start && facts.systemd ? wanted : engines::settle(wanted, facts, policy);
    });
    return plan;
}

}  // namespace

Result<std::optional<ui::RunDocument>> Transaction::settle_late_starts(const std::string& command) {
    if (!node_.live()) return std::nullopt;
    LiveEngines engines(node_);
    TRY_ASSIGN(auto starts, txn::check_late_starts(context(engines)));
    if (starts.broken) {
        node_.world().err(cat(join(starts.broken->units, ", "), " does not work with what ",
                              starts.broken->transaction, " wrote: taking it back\n"));
        // A file that cannot be edited any more is somebody's later work; the command itself says what is
        // wrong with it.
        if (auto plan = plan_to_take_back(node_, *starts.broken)) {
            TRY_ASSIGN(auto document, take_back(*starts.broken, std::move(*plan)));
            document.command = command;
            return document;
        }
    }
    TRY(txn::write_pending(node_.state(), starts.open));
    return std::nullopt;
}

Result<ui::RunDocument> Transaction::take_back(const txn::BrokenStart& broken, Plan plan) {
    ui::RunDocument document{.command = {}, .plan = std::move(plan)};
    auto& receipt = document.receipt;
    receipt = execute(document.plan, false);
    if (receipt.outcome == Outcome::committed) {
        // On record, so that the same is not written again by itself (txn::held_back).
        receipt.error = broken.error;
        receipt.broken = broken.units;
        TRY(txn::write_receipt(node_.state(), receipt));
        receipt.outcome = Outcome::rolled_back;
        document.error = in_context(broken.error, cat(broken.transaction, " was taken back"));
        return document;
    }
    document.error = receipt.error;
    if (receipt.outcome != Outcome::rolled_back) return document;
    // It does not start without our change either: not our doing, and not tried again.
    auto pending = txn::read_pending(node_.state_view());
    TRY(pending);
    std::erase_if(*pending, [&](const Pending& step) { return is_broken(broken, step.unit); });
    TRY(txn::write_pending(node_.state(), *pending));
    document.error = in_context(broken.error, cat("not for what ", broken.transaction, " wrote"));
    return document;
}

}  // namespace mirrorctl::cli
