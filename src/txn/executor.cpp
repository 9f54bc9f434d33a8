#include "txn/executor.hpp"

#include "base/strings.hpp"
#include "model/json/plan_json.hpp"
#include "txn/activate.hpp"
#include "txn/dirs.hpp"
#include "txn/drift.hpp"
#include "txn/durable.hpp"
#include "txn/history.hpp"
#include "txn/journal.hpp"
#include "txn/pending.hpp"
#include "txn/receipt_of.hpp"
#include "txn/swap.hpp"
#include "txn/undo.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::txn {
namespace {

constexpr std::size_t kMaxFiles = 256;  // what the reader of the journal takes
constexpr std::size_t kMaxBytes = 4U << 20U;

// ---- before anything is written
// ----------------------------------------------------------------------------------------------

Result<void> check_shape(const TxnContext& context, const Plan& plan) {
    if (plan.root != context.root)
        return Failure(Error{.code = ErrorCode::usage,
                             .message = cat("wrong root: plan: made for ", printable_line(plan.root),
                                            ", not for ", context.root)});
    std::set<TargetPath> seen;
    for (const auto& file : plan.files) {
        if (!is_plain_path(file.path.str()) || !is_plain_path(file.resolved.str()))
            return Failure(Error{
                .code = ErrorCode::unsafe_path,
                .message = cat("cannot write: ", printable_line(file.path.str()), ": not a plain path")});
        if (!seen.insert(file.resolved).second)
            return Failure(Error{.code = ErrorCode::conflict,
                                 .message = cat("cannot write: ", file.path.str(), ": twice in one plan")});
        for (const auto* state : {&file.before, &file.after})
            if (state->bytes.size() > kMaxBytes)
                return Failure(
                    Error{.code = ErrorCode::unsupported_layout,
                          .message = cat("cannot write: ", file.path.str(), ": larger than 4 MiB")});
    }
    if (plan.files.size() > kMaxFiles)
        return Failure(Error{.code = ErrorCode::unsupported_layout,
                             .message = "cannot write: plan: more than 256 files"});
    return {};
}

Result<void> check_dir(const TxnContext& context, const DirChange& dir) {
    if (!is_plain_path(dir.path.str()))
        return Failure(
            Error{.code = ErrorCode::unsafe_path,
                  .message = cat("cannot create: ", printable_line(dir.path.str()), ": not a plain path")});
    TRY_ASSIGN(auto there, exists(context.fs, dir.path));
    if (there && dir.create)
        return Failure(Error{.code = ErrorCode::stale_plan,
                             .message = cat("stale plan: ", dir.path.str(), ": exists"),
                             .hint = "make the plan again"});
    return {};
}

Result<void> check_before_writing(const TxnContext& context, const Plan& plan) {
    TRY(check_shape(context, plan));
    for (const auto& dir : plan.dirs) TRY(check_dir(context, dir));
    for (const auto& file : plan.files) TRY(require_before(context.fs, file));
    for (const auto& file : plan.files)
        if (!context.fs.can_write(file.resolved))
            return Failure(Error{.code = ErrorCode::permission_denied,
                                 .message = cat("cannot write: ", file.path.str(),
                                                ": no permission, or a read-only file system"),
                                 .hint = "run it with sudo"});
    return check_stop(context);
}

// ---- the way forward
// -----------------------------------------------------------------------------------------------------------

class Forward {
  public:
    Forward(const TxnContext& context, Entry& entry, Receipt& receipt)
        : context_(context),
          entry_(entry),
          receipt_(receipt),
          use_interims_(any_reload_will_run(entry.plan.activations)),
          touched_(entry.plan.files.size(), false) {}

    // Everything up to the recorded verification.
    Result<void> run() {
        TRY(make_dirs(context_.fs, dirs_to_create(plan())));
        for (std::size_t i = 0; i < plan().files.size(); ++i)
            TRY(stage(context_.fs, slot(i), first_state(i)));
        for (std::size_t i = 0; i < plan().files.size(); ++i)
            TRY(swap(i, plan().files[i].before, first_state(i)));
        TRY_ASSIGN(auto note, context_.engines.check_before(plan()));
        if (!note.empty()) tell(context_, "checked", note);
        TRY(activate());
        TRY(finish_interims());
        TRY_ASSIGN(auto kept, remove_dirs(context_.fs, dirs_to_remove(plan())));
        warn_of_later_edits();
        TRY(check_stop(context_));
        return record_phase(context_.state, entry_, Phase::verified);
    }

    UndoRequest way_back() const {
        return {.entry = entry_,
                .touched = touched_,
                .activations = attempted_,
                .activation_must_work = context_.engines_were_up};
    }

  private:
    const Plan& plan() const { return entry_.plan; }
    Slot slot(std::size_t i) const { return {plan().files[i], entry_.temps[i]}; }
    const FileState& first_state(std::size_t i) const {
        const auto& file = plan().files[i];
        return use_interims_ && file.interim ? *file.interim : file.after;
    }

    // What was staged for the file replaces it. The look at the old file comes as late as possible.
    Result<void> swap(std::size_t i, const FileState& from, const FileState& to) {
        const auto& file = plan().files[i];
        TRY(check_stop(context_));
        TRY(require_state(context_.fs, file, from));
        bool before = touched_[i];
        touched_[i] = true;
        auto done = put(context_.fs, slot(i), to, from);
        // What somebody saved in the last moment stands again: nothing of ours is to be taken back.
        if (!done && done.error().code == ErrorCode::foreign_change) touched_[i] = before;
        TRY(done);
        tell(context_, to.present ? "wrote" : "removed", file.path.str());
        return {};
    }

    Result<void> activate() {
        if (use_interims_) TRY(record_phase(context_.state, entry_, Phase::activating));
        auto run = run_activations(context_, plan().activations, Direction::forward);
        attempted_ = std::move(run.attempted);
        receipt_.activations = std::move(run.done);
        if (run.error) {
            if (!attempted_.empty()) receipt_.broken = {attempted_.back().unit};
            return Failure(std::move(*run.error));
        }
        return run_checks(context_, plan().checks, receipt_.activations);
    }

    Result<void> finish_interims() {
        for (std::size_t i = 0; i < plan().files.size(); ++i) {
            const auto& file = plan().files[i];
            if (!use_interims_ || !file.interim) continue;
            TRY(stage(context_.fs, slot(i), file.after));
            TRY(swap(i, *file.interim, file.after));
        }
        return {};
    }

    // An edit that came after ours was put in place is nobody's loss: it stays, and the user hears of it.
    void warn_of_later_edits() {
        for (const auto& file : plan().files) {
            auto sight = look_at(context_.fs, file);
            auto differs = sight ? difference(*sight, file.after) : std::optional(to_string(sight.error()));
            if (differs)
                receipt_.warnings.push_back(
                    {.code = "changed_meanwhile",
                     .message = cat("changed after it was written: ", file.path.str(), ": ", *differs)});
        }
    }

    const TxnContext& context_;
    Entry& entry_;
    Receipt& receipt_;
    bool use_interims_;
    std::vector<bool> touched_;
    std::vector<Activation> attempted_;
};

// ---- the end
// -------------------------------------------------------------------------------------------------------------------

PendingUpdate pending_update(const TxnContext& context, const Plan& plan, const Receipt& receipt,
                             const std::vector<Pending>& recorded) {
    auto open = still_pending(recorded, context.boot_id,
                              [&](const std::string& unit) { return context.engines.started_at(unit); });
    return {.recorded = std::move(open),
            .done = receipt.activations,
            .activations = plan.activations,
            .planned = plan.pending,
            .boot_id = context.boot_id,
            .now = context.clock.wall(),
            .transaction = receipt.transaction};
}

// Receipt and pending.json become durable before the commit point, so that they are there whenever it is.
Result<void> commit(const TxnContext& context, const Entry& entry, Receipt& receipt) {
    TRY_ASSIGN(auto recorded, read_pending(context.state.view()));
    receipt.pending = merge_pending(pending_update(context, entry.plan, receipt, recorded));
    receipt.outcome = Outcome::committed;
    if (auto written = write_receipt(context.state, receipt); !written)
        receipt.warnings.push_back({.code = "receipt_not_written", .message = written.error().message});
    TRY(write_pending(context.state, receipt.pending));
    auto closed = close(context.state, entry.id, Outcome::committed);
    if (!closed) {
        (void)write_pending(context.state, recorded);
        return Failure(std::move(closed).error());
    }
    if (*closed == Closing::visible)
        receipt.warnings.push_back(
            {.code = "journal_not_synced",
             .message = cat("all files are durable, but the end of the transaction may have to be repeated: ",
                            context.state.dir.str())});
    return {};
}

// Nothing to write and no engine to ask: what still waits is noted, and only if it is news.
Receipt leave_unchanged(const TxnContext& context, const Plan& plan) {
    auto receipt = receipt_of({.at = context.clock.wall(), .actor = context.actor, .plan = plan});
    for (const auto& activation : plan.activations)
        if (activation.kind != ActivationKind::none)
            receipt.activations.push_back({.unit = activation.unit,
                                           .kind = activation.kind,
                                           .result = ActivationResult::deferred,
                                           .detail = activation.blocked_by});
    auto recorded = read_pending(context.state.view());
    if (recorded) receipt.pending = merge_pending(pending_update(context, plan, receipt, *recorded));
    auto written =
        recorded ? write_pending(context.state, receipt.pending) : Result<void>(Failure(recorded.error()));
    if (!written)
        receipt.warnings.push_back({.code = "pending_not_written", .message = written.error().message});
    return receipt;
}

Result<Entry> begin_entry(const TxnContext& context, const Plan& plan) {
    TRY(check_before_writing(context, plan));
    TRY_ASSIGN(auto id, new_transaction_id(context.state.view(), context.clock.wall()));
    Entry entry{.id = id, .at = context.clock.wall(), .actor = context.actor, .plan = plan};
    for (std::size_t i = 0; i < plan.files.size(); ++i)
        entry.temps.push_back(temp_path(id, plan.files[i], i));
    TRY(begin(context.state, entry));
    return entry;
}

}  // namespace

Receipt execute(const TxnContext& context, const Plan& plan) {
    bool writes = !plan.files.empty() || !plan.dirs.empty() || !plan.undoes.empty();
    if (!writes && !any_will_run(plan.activations)) return leave_unchanged(context, plan);
    auto entry = begin_entry(context, plan);
    if (!entry) {
        auto receipt = receipt_of({.at = context.clock.wall(), .actor = context.actor, .plan = plan});
        receipt.error = std::move(entry).error();
        return receipt;
    }
    auto receipt = receipt_of(*entry);
    Forward forward(context, *entry, receipt);
    auto done = forward.run();
    if (done) done = commit(context, *entry, receipt);
    if (!done) {
        receipt.error = std::move(done).error();
        receipt.pending.clear();
        finish_undo(context, forward.way_back(), receipt);
    }
    if (receipt.outcome == Outcome::stuck) return receipt;
    if (auto kept = retain(context.state); !kept)
        receipt.warnings.push_back({.code = "history_not_trimmed", .message = kept.error().message});
    return receipt;
}

}  // namespace mirrorctl::txn
