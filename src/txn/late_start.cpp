#include "txn/late_start.hpp"

#include "base/strings.hpp"
#include "engines/verify.hpp"
#include "targets/target.hpp"
#include "txn/drift.hpp"
#include "txn/history.hpp"
#include "txn/journal.hpp"
#include "txn/pending.hpp"

#include <algorithm>
#include <set>

namespace mirrorctl::txn {
namespace {

using engines::StartState;
using engines::UnitStart;

bool started_since(const Pending& step, const UnitStart& start, const std::string& boot_id) {
    return start.at > 0 && (before_this_boot(step, boot_id) || start.at > step.since);
}

// Newest first; each file's newest change must stand as it was left.
Result<bool> stand_as_left(const sys::FsReader& fs, const std::vector<Entry>& entries) {
    std::set<TargetPath> seen;
    for (const auto& entry : entries)
        for (const auto& file : entry.plan.files) {
            if (!seen.insert(file.path).second) continue;
            TRY_ASSIGN(auto sight, look_at(fs, file));
            if (difference(sight, file.after)) return false;
        }
    return true;
}

Result<std::optional<Error>> failed_check(const TxnContext& context, const std::string& unit,
                                          const std::vector<Entry>& entries) {
    std::set<std::string> seen;
    TRY_ASSIGN(auto untouched, stand_as_left(context.fs, entries));
    if (!untouched) return std::nullopt;
    for (const auto& entry : entries)
        for (const auto& check : entry.plan.checks) {
            if (engines::unit_of(check) != unit || !seen.insert(check.subject).second) continue;
            if (auto held = context.engines.verify(check); !held) return std::move(held).error();
        }
    return std::nullopt;
}

Result<std::optional<Error>> find_fault(const TxnContext& context, const Pending& step,
                                        const UnitStart& start) {
    if (step.transaction.empty()) return std::nullopt;
    auto ids = to_roll_back(context.state.view(), step.transaction);
    if (!ids && ids.error().code == ErrorCode::not_found) return std::nullopt;
    if (!ids) return Failure(std::move(ids).error());
    if (start.state == StartState::failing)
        return Error{.code = ErrorCode::activation_failed,
                     .message = cat(step.unit, " does not start", start.log.empty() ? "" : ":\n", start.log),
                     .hint = cat("journalctl -u ", step.unit)};
    std::vector<Entry> entries;
    for (const auto& id : *ids) {
        TRY_ASSIGN(auto entry, read_ended(context.state.view(), id));
        entries.push_back(std::move(entry));
    }
    return failed_check(context, step.unit, entries);
}

// A receipt as the reason not to do the same again, nullptr if it is none.
const Error* breakage(const Receipt& receipt) {
    bool taken_back = receipt.command == "rollback" ? receipt.outcome == Outcome::committed
                                                    : receipt.outcome == Outcome::rolled_back;
    bool broke = receipt.error && receipt.error->code == ErrorCode::activation_failed;
    return taken_back && broke ? &*receipt.error : nullptr;
}

// A file that only the other engine reads did not do it. One that is not the engine's own (a drop-in) may
// have, and so may any where nobody knows which engine it was.
bool may_have_broken(const Receipt& receipt, const std::string& target) {
    auto all = targets::catalog();
    auto found =
        std::find_if(all.begin(), all.end(), [&](const auto* known) { return known->name == target; });
    bool own = found != all.end() && ((*found)->engine == "docker" || (*found)->engine == "containerd");
    if (!own || receipt.broken.empty()) return true;
    return std::find(receipt.broken.begin(), receipt.broken.end(), cat((*found)->engine, ".service")) !=
           receipt.broken.end();
}

// The file as it was when the change had been taken back.
const std::string& digest_then(const Receipt& receipt, const ReceiptFile& file) {
    return receipt.command == "rollback" ? file.after_digest : file.before_digest;
}

Result<std::string> digest_now(const sys::FsReader& fs, const TargetPath& path) {
    auto bytes = fs.read(path);
    if (!bytes && bytes.error().code == ErrorCode::not_found) return FileState{}.digest();
    if (!bytes) return Failure(std::move(bytes).error());
    return FileState{.present = true, .bytes = std::move(*bytes)}.digest();
}

}  // namespace

Result<LateStarts> check_late_starts(const TxnContext& context) {
    TRY_ASSIGN(auto recorded, read_pending(context.state.view()));
    LateStarts out;
    for (const auto& step : recorded) {
        auto start = step.unit.empty() ? UnitStart{} : context.engines.await_start(step.unit);
        bool tried = start.state == StartState::up || start.state == StartState::failing;
        if (!tried || !started_since(step, start, context.boot_id)) {
            out.open.push_back(step);
            continue;
        }
        TRY_ASSIGN(auto fault, find_fault(context, step, start));
        if (!fault) continue;
        if (!out.broken) out.broken = {.transaction = step.transaction, .units = {}, .error = *fault};
        out.broken->transaction = std::min(out.broken->transaction, step.transaction);
        out.broken->units.push_back(step.unit);
    }
    return out;
}

Result<std::vector<HeldBack>> held_back(const StateView& state, const sys::FsReader& fs) {
    TRY_ASSIGN(auto receipts, history(state));
    std::vector<HeldBack> held;
    std::set<std::string> seen;
    for (const auto& receipt : receipts) {
        std::set<std::string> targets;
        std::set<std::string> changed_since;
        const auto* broke = breakage(receipt);
        for (const auto& file : receipt.files) {
            targets.insert(file.target);
            if (broke == nullptr) continue;
            TRY_ASSIGN(auto now, digest_now(fs, file.path));
            if (now != digest_then(receipt, file)) changed_since.insert(file.target);
        }
        for (const auto& target : targets)
            if (seen.insert(target).second && broke != nullptr && !changed_since.contains(target) &&
                may_have_broken(receipt, target))
                held.push_back({.target = target,
                                .transaction = receipt.transaction,
                                .reason = printable_line(broke->message, 160)});
    }
    return held;
}

}  // namespace mirrorctl::txn
