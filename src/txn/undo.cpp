#include "txn/undo.hpp"

#include "base/strings.hpp"
#include "txn/activate.hpp"
#include "txn/dirs.hpp"
#include "txn/drift.hpp"
#include "txn/durable.hpp"
#include "txn/history.hpp"
#include "txn/swap.hpp"

namespace mirrorctl::txn {
namespace {

class Undo {
  public:
    Undo(const TxnContext& context, const UndoRequest& request) : context_(context), request_(request) {}

    Result<UndoReport> run() {
        TRY(clear_temps());
        TRY(make_dirs(context_.fs, dirs_to_remove(plan())));
        TRY(restore_files());
        TRY(activate());
        TRY(finish_interims());
        TRY_ASSIGN(auto kept, remove_dirs(context_.fs, dirs_to_create(plan())));
        for (const auto& dir : kept)
            report_.warnings.push_back(
                {.code = "directory_kept", .message = cat("not removed: ", dir.str(), ": not empty")});
        return std::move(report_);
    }

  private:
    const Plan& plan() const { return request_.entry.plan; }
    Slot slot(std::size_t i) const { return {plan().files[i], request_.entry.temps[i]}; }
    bool concerns(std::size_t i) const { return request_.touched.empty() || request_.touched[i]; }

    Result<void> clear_temps() {
        for (std::size_t i = 0; i < plan().files.size(); ++i) TRY(clear_temp(context_.fs, slot(i)));
        return {};
    }

    Result<void> restore_files() {
        for (std::size_t i = plan().files.size(); i-- > 0;)
            if (concerns(i)) TRY(restore_file(i));
        return {};
    }

    // An engine that reloaded the new file needs the interim state once more; one that never did, or that is
    // restarted, is not bothered with it (dockerd does not start when a flag sets the key that an interim
    // empties).
    Result<void> restore_file(std::size_t i) {
        const auto& file = plan().files[i];
        const auto* want = &file.before;
        if (file.undo_interim && any_reload_will_run(request_.activations)) {
            TRY_ASSIGN(auto sight, look_at(context_.fs, file));
            if (difference(sight, file.before)) want = &*file.undo_interim;
        }
        auto restored = restore(context_.fs, slot(i), *want);
        if (restored) {
            if (*restored == Restored::replaced) tell(context_, "restored", file.path.str());
            return {};
        }
        if (restored.error().code == ErrorCode::foreign_change &&
            request_.foreign == ForeignFiles::keep_current) {
            report_.warnings.push_back(
                {.code = "kept_foreign_file", .message = cat("kept as it is: ", file.path.str())});
            return {};
        }
        return Failure(with_manual_step(std::move(restored).error(), i));
    }

    Error with_manual_step(Error error, std::size_t i) const {
        const auto& file = plan().files[i];
        if (error.code == ErrorCode::foreign_change) {
            error.hint = cat("look at ", file.path.str(),
                             "; sudo mirrorctl recover --keep-current leaves it as it is");
            return error;
        }
        auto names = context_.state.view();
        auto by_hand = file.before.present
                           ? cat("cp ", names.before(request_.entry.id, i).str(), " ", file.resolved.str())
                           : cat("rm ", file.resolved.str());
        error.message = cat("cannot restore: ", file.path.str(), ": ", error.message);
        error.hint = cat("when the cause is gone: sudo mirrorctl recover; by hand: ", by_hand);
        return error;
    }

    Result<void> activate() {
        auto run = run_activations(context_, request_.activations, Direction::back);
        report_.done = std::move(run.done);
        if (!run.error) return {};
        if (request_.activation_must_work) {
            run.error->hint = cat("all files are restored; systemctl status ", run.attempted.back().unit,
                                  ", start it, then sudo mirrorctl recover");
            return Failure(std::move(*run.error));
        }
        report_.warnings.push_back(
            {.code = "activation_failed", .message = run.error->message, .hint = run.error->hint});
        return {};
    }

    Result<void> finish_interims() {
        for (std::size_t i = plan().files.size(); i-- > 0;) {
            const auto& file = plan().files[i];
            if (!concerns(i) || !file.undo_interim) continue;
            TRY_ASSIGN(auto sight, look_at(context_.fs, file));
            // Kept as it is by the caller's wish: not ours to finish.
            if (request_.foreign == ForeignFiles::keep_current && stand_of(file, sight) == Stand::none)
                continue;
            if (auto restored = restore(context_.fs, slot(i), file.before); !restored)
                return Failure(with_manual_step(std::move(restored).error(), i));
        }
        return {};
    }

    const TxnContext& context_;
    const UndoRequest& request_;
    UndoReport report_;
};

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Result<UndoReport> undo(const TxnContext& context, const UndoRequest& request) {
    return Undo(context, request).run();
}

void finish_undo(const TxnContext& context, const UndoRequest& request, Receipt& receipt) {
    auto done = undo(context, request);
    if (done) {
        append(receipt.activations, std::move(done->done));
        append(receipt.warnings, std::move(done->warnings));
        receipt.outcome = Outcome::rolled_back;
    } else {
        receipt.outcome = Outcome::stuck;
        if (receipt.error)
            receipt.warnings.push_back(
                {.code = "first_error", .message = receipt.error->message, .hint = receipt.error->hint});
        receipt.error = std::move(done).error();
    }
    // The receipt is a convenience here: without it history tells the transaction from its journal (a full
    // disk is no reason to fail).
    if (auto written = write_receipt(context.state, receipt); !written)
        receipt.warnings.push_back({.code = "receipt_not_written", .message = written.error().message});
    if (receipt.outcome != Outcome::rolled_back) return;
    tell(context, "rolled back", request.entry.id);
    auto closed = close(context.state, request.entry.id, Outcome::rolled_back);
    if (!closed)
        receipt.warnings.push_back({.code = "journal_open",
                                    .message = cat("all files are restored, but: ", closed.error().message),
                                    .hint = "sudo mirrorctl recover"});
}

}  // namespace mirrorctl::txn
