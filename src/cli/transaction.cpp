#include "cli/transaction.hpp"

#include "base/strings.hpp"
#include "cli/engine_control.hpp"
#include "cli/masking.hpp"
#include "txn/journal.hpp"
#include "txn/pending.hpp"
#include "ui/progress.hpp"

namespace mirrorctl::cli {

namespace {

constexpr double kLockWaitSeconds = 3;

// Steps of the executor for -v.
ui::Progress step_progress(Node& node) {
    return {ui::Term{}, [&node](std::string_view text) { node.world().err(text); },
            [&node] { return node.world().clock.now(); }, node.global().verbose};
}

}  // namespace

Transaction::~Transaction() = default;

txn::TxnContext Transaction::context(txn::EngineControl& engines) const {
    return {.fs = node_.fs(),
            .state = node_.state(),
            .lock = *lock_,
            .engines = engines,
            .clock = node_.world().clock,
            .root = node_.root(),
            .actor = node_.world().actor(),
            .boot_id = node_.facts().boot_id,
            .stop_requested = node_.world().stop_requested};
}

Result<std::unique_ptr<Transaction>> Transaction::open(Node& node) {
    TRY(node.require_writable());
    std::unique_ptr<Transaction> transaction(new Transaction(node));
    TRY_ASSIGN(transaction->lock_, txn::lock_state(node.state(), kLockWaitSeconds));
    TRY_ASSIGN(bool needed, txn::needs_recovery(node.state_view()));
    if (!needed) {
        // Nothing of it came into effect, but it holds copies of files.
        TRY(txn::remove_newest_orphan(node.state()));
        return transaction;
    }
    LiveEngines engines(node);
    auto receipt = txn::recover(transaction->context(engines));
    if (receipt.error && receipt.outcome == Outcome::stuck)
        return Failure(in_context(*receipt.error, "an earlier run was cut short and cannot be undone"));
    node.world().err(
        ui::warnings_text(receipt.warnings, ui::Term::of(2, node.global().color, node.world().env)));
    node.world().err(cat("recovered: an earlier run was cut short; it was ",
                         receipt.outcome == Outcome::committed ? "complete" : "undone", "\n"));
    return transaction;
}

Result<Receipt> Transaction::recover(Node& node, txn::ForeignFiles foreign) {
    TRY(node.require_writable());
    Transaction transaction(node);
    TRY_ASSIGN(transaction.lock_, txn::lock_state(node.state(), kLockWaitSeconds));
    LiveEngines engines(node);
    return txn::recover(transaction.context(engines), foreign);
}

Receipt Transaction::execute(const Plan& plan, bool engines_were_up) {
    LiveEngines engines(node_);
    auto progress = step_progress(node_);
    auto txn_context = context(engines);
    txn_context.engines_were_up = engines_were_up;
    txn_context.observer = &progress;
    return txn::execute(txn_context, plan);
}

const targets::Codec* codec_at(Node& node, const TargetPath& path) {
    for (const auto* target : targets::catalog())
        if (const auto* codec = target->codec_for(node.facts(), path)) return codec;
    return nullptr;
}

Result<std::vector<Pending>> open_pending(Node& node) {
    TRY_ASSIGN(auto recorded, txn::read_pending(node.state_view()));
    if (recorded.empty()) return recorded;
    LiveEngines engines(node);
    return txn::still_pending(recorded, node.facts().boot_id,
                              [&](const std::string& unit) { return engines.started_at(unit); });
}

void stamp(Plan& plan, Node& node, std::string command) {
    plan.command = std::move(command);
    plan.version = MIRRORCTL_VERSION;
    plan.root = node.root();
}

std::string diff_of(const Plan& plan) {
    std::string out;
    for (const auto& file : plan.files) {
        if (file.secret) {
            out += cat(name_of(file.action()), " ", file.path.str(), " (holds secrets: not shown)\n");
            continue;
        }
        auto text_of = [](const FileState& state) {
            return state.present ? std::optional<std::string_view>(state.bytes) : std::nullopt;
        };
        out += masked_diff(file.path, text_of(file.before), text_of(file.after));
    }
    return out;
}

}  // namespace mirrorctl::cli
