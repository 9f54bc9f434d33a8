#include "txn/pending.hpp"

#include "model/json/plan_json.hpp"
#include "txn/activate.hpp"
#include "txn/durable.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

bool covers(ActivationKind done, ActivationKind wanted) {
    return done == wanted || done == ActivationKind::restart;
}

// Steps without a unit are told apart by their reason.
bool same_step(const Pending& a, const Pending& b) {
    return a.unit == b.unit && (!a.unit.empty() || a.reason == b.reason);
}

Pending* find_step(std::vector<Pending>& list, const Pending& step) {
    auto found =
        std::find_if(list.begin(), list.end(), [&](const Pending& known) { return same_step(known, step); });
    return found == list.end() ? nullptr : &*found;
}

// One entry per unit; a restart covers a reload.
void add(std::vector<Pending>& list, const Pending& step) {
    auto* known = find_step(list, step);
    if (!known)
        list.push_back(step);
    else if (!covers(known->kind, step.kind))
        known->kind = step.kind;
}

// What this plan could not activate. A daemon-reload is no step of its own to wait for: booting or restarting
// includes it.
std::vector<Pending> left_open(const PendingUpdate& update) {
    std::vector<Pending> open;
    auto waits = [](ActivationKind kind) {
        return kind == ActivationKind::reload || kind == ActivationKind::restart;
    };
    for (const auto& step : update.planned) add(open, step);
    for (const auto& activation : update.activations)
        if (waits(activation.kind) && !will_run(activation))
            add(open, {.unit = activation.unit,
                       .kind = activation.kind,
                       .reason = activation.blocked_by.empty() ? activation.reason : activation.blocked_by});
    for (const auto& done : update.done)
        if (waits(done.kind) && done.result == ActivationResult::deferred)
            add(open, {.unit = done.unit, .kind = done.kind, .reason = done.detail});
    return open;
}

}  // namespace

Result<std::vector<Pending>> read_pending(const StateView& state) {
    auto text = state.fs.read(state.pending());
    if (!text && text.error().code == ErrorCode::not_found) return std::vector<Pending>{};
    if (!text) return Failure(std::move(text).error());
    auto pending = pending_from_json(*text);
    if (!pending)
        return Failure(
            Error{.code = ErrorCode::corrupt_state,
                  .message = cat("cannot read state: ", state.pending().str(), ": ", pending.error().message),
                  .hint = cat("sudo rm ", state.pending().str())});
    return pending;
}

bool before_this_boot(const Pending& step, const std::string& boot_id) {
    return !boot_id.empty() && step.boot_id != boot_id;
}

std::vector<Pending> still_pending(const std::vector<Pending>& recorded, const std::string& boot_id,
                                   const StartedAt& started_at) {
    std::vector<Pending> open;
    for (const auto& step : recorded) {
        auto started = step.unit.empty() ? std::nullopt : started_at(step.unit);
        if (!started || (!before_this_boot(step, boot_id) && *started <= step.since)) open.push_back(step);
    }
    return open;
}

std::vector<Pending> merge_pending(const PendingUpdate& update) {
    auto recorded = update.recorded;
    std::vector<Pending> merged;
    for (const auto& step : recorded) {
        bool done =
            std::any_of(update.done.begin(), update.done.end(), [&](const DoneActivation& activation) {
                return activation.unit == step.unit && activation.result == ActivationResult::done &&
                       covers(activation.kind, step.kind);
            });
        // A step without a unit stands as long as plans name it.
        if (!done && !step.unit.empty()) merged.push_back(step);
    }
    for (auto step : left_open(update)) {
        const auto* known = find_step(recorded, step);
        if (step.boot_id.empty()) step.boot_id = known ? known->boot_id : update.boot_id;
        if (step.since <= 0) step.since = known ? known->since : update.now;
        step.transaction = known && !known->transaction.empty() ? known->transaction : update.transaction;
        if (auto* there = find_step(merged, step)) {
            there->kind = covers(there->kind, step.kind) ? there->kind : step.kind;
            there->transaction = step.transaction;
        } else {
            merged.push_back(step);
        }
    }
    return merged;
}

Result<void> write_pending(const StateDir& state, const std::vector<Pending>& pending) {
    auto recorded = read_pending(state.view());
    if (recorded && *recorded == pending) return {};
    return replace_durably(state.fs, state.view().pending(), pending_to_json(pending));
}

}  // namespace mirrorctl::txn
