#include "txn/journal.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "model/json/plan_json.hpp"
#include "txn/durable.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

constexpr std::size_t kPlanLimit = 64U << 20U;
constexpr FileMeta private_file() {
    return {.mode = 0600};
}

Failure corrupt(const TargetPath& path, std::string_view why) {
    return Failure(Error{.code = ErrorCode::corrupt_state,
                         .message = cat("cannot read journal: ", path.str(), ": ", why),
                         .hint = cat("the files as they were before are in ", path.parent().str(),
                                     "; restore by hand, then move ", path.str(), " away")});
}

Result<void> make_dir_if_missing(sys::Fs& fs, const TargetPath& path) {
    TRY_ASSIGN(auto there, exists(fs, path));
    if (there) return {};
    return fs.make_dir(path, {.mode = 0700});
}

// Before-images and the plan, durable. Nothing is active yet.
Result<void> write_record(const StateDir& state, const Entry& entry, const std::string& plan) {
    auto names = state.view();
    TRY(make_dir_if_missing(state.fs, names.transactions()));
    TRY(state.fs.make_dir(names.transaction(entry.id), {.mode = 0700}));
    TRY(state.fs.make_dir(names.before_dir(entry.id), {.mode = 0700}));
    for (std::size_t i = 0; i < entry.plan.files.size(); ++i) {
        const auto& before = entry.plan.files[i].before;
        if (before.present)
            TRY(write_synced(state.fs, names.before(entry.id, i), before.bytes, private_file()));
    }
    TRY(write_synced(state.fs, names.plan(entry.id), plan, private_file()));
    TRY(state.fs.sync_dir(names.before_dir(entry.id)));
    TRY(state.fs.sync_dir(names.transaction(entry.id)));
    TRY(state.fs.sync_dir(names.transactions()));
    return state.fs.sync_dir(state.dir);
}

Marker marker_of(const Entry& entry, std::string plan_digest) {
    return {.id = entry.id,
            .at = entry.at,
            .actor = entry.actor,
            .phase = entry.phase,
            .plan_digest = std::move(plan_digest),
            .temps = entry.temps};
}

Result<Marker> read_marker(const sys::FsReader& fs, const TargetPath& path) {
    TRY_ASSIGN(auto text, fs.read(path));
    auto marker = parse_marker(text);
    if (!marker) return corrupt(path, marker.error().message);
    return marker;
}

// The plan that a marker stands for, its before-images put back in.
Result<Plan> read_plan(const StateView& state, const Marker& marker) {
    auto path = state.plan(marker.id);
    auto text = state.fs.read(path, kPlanLimit);
    if (!text && text.error().code == ErrorCode::not_found) return corrupt(path, "missing");
    if (!text) return Failure(std::move(text).error());
    if (sha256_digest(*text) != marker.plan_digest) return corrupt(path, "does not match its digest");
    auto stored = stored_plan_from_json(*text);
    if (!stored) return corrupt(path, stored.error().message);
    auto& files = stored->plan.files;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!files[i].before.present) continue;
        auto bytes = state.fs.read(state.before(marker.id, i));
        if (!bytes && bytes.error().code != ErrorCode::not_found) return Failure(std::move(bytes).error());
        if (bytes) files[i].before.bytes = std::move(*bytes);
        if (!bytes || files[i].before.digest() != stored->before_digests[i])
            return corrupt(state.before(marker.id, i), "missing or not what it was");
    }
    return std::move(stored->plan);
}

Result<Entry> entry_of(const StateView& state, Marker marker) {
    TRY_ASSIGN(auto plan, read_plan(state, marker));
    if (marker.temps.size() != plan.files.size())
        return corrupt(state.plan(marker.id), "does not have one temp name per file");
    return Entry{.id = std::move(marker.id),
                 .at = marker.at,
                 .actor = std::move(marker.actor),
                 .phase = marker.phase,
                 .temps = std::move(marker.temps),
                 .plan = std::move(plan)};
}

Result<void> remove_files_in(sys::Fs& fs, const TargetPath& dir) {
    TRY_ASSIGN(auto names, fs.list(dir));
    for (const auto& name : names) {
        TRY_ASSIGN(auto info, fs.stat(dir / name));
        if (info.type != sys::FileType::directory) TRY(fs.remove_file(dir / name));
    }
    return {};
}

}  // namespace

TargetPath temp_path(const std::string& id, const FileChange& file, std::size_t index) {
    return file.resolved.parent() / cat(".mirrorctl-", id, "-", index, ".tmp");
}

Result<void> begin(const StateDir& state, const Entry& entry) {
    auto names = state.view();
    TRY_ASSIGN(auto active, exists(state.fs, names.active()));
    if (active)
        return Failure(Error{.code = ErrorCode::conflict,
                             .message = cat("cannot begin: ", names.active().str(),
                                            ": an earlier transaction is not finished"),
                             .hint = "sudo mirrorctl recover"});
    auto plan = stored_plan_to_json(entry.plan);
    auto done = write_record(state, entry, plan);
    if (done)
        done = replace_durably(state.fs, names.active(), marker_text(marker_of(entry, sha256_digest(plan))));
    if (done) return {};
    // Nothing was written to the target yet. What stays behind here is found by recover(): a record without
    // ACTIVE is an orphan, and an ACTIVE whose directory could not be synced is undone without effect.
    if (auto gone = remove_durably(state.fs, names.active()); gone) (void)remove_transaction(state, entry.id);
    return done;
}

Result<void> record_phase(const StateDir& state, Entry& entry, Phase phase) {
    TRY_ASSIGN(auto marker, read_marker(state.fs, state.view().active()));
    marker.phase = phase;
    TRY(replace_durably(state.fs, state.view().active(), marker_text(marker)));
    entry.phase = phase;
    return {};
}

Result<Closing> close(const StateDir& state, const std::string& id, Outcome outcome) {
    auto names = state.view();
    auto to = outcome == Outcome::committed ? names.committed(id) : names.rolled_back(id);
    TRY(state.fs.rename(names.active(), to));
    auto synced = state.fs.sync_dir(names.transaction(id));
    if (synced) synced = state.fs.sync_dir(state.dir);
    return synced ? Closing::durable : Closing::visible;
}

Result<std::optional<Entry>> read_active(const StateView& state) {
    TRY_ASSIGN(auto active, exists(state.fs, state.active()));
    if (!active) return std::nullopt;
    TRY_ASSIGN(auto marker, read_marker(state.fs, state.active()));
    TRY_ASSIGN(auto entry, entry_of(state, std::move(marker)));
    return std::optional(std::move(entry));
}

Result<std::optional<Outcome>> read_outcome(const StateView& state, const std::string& id) {
    TRY_ASSIGN(auto committed, exists(state.fs, state.committed(id)));
    if (committed) return Outcome::committed;
    TRY_ASSIGN(auto rolled_back, exists(state.fs, state.rolled_back(id)));
    if (rolled_back) return Outcome::rolled_back;
    return std::nullopt;
}

Result<Entry> read_ended(const StateView& state, const std::string& id) {
    TRY_ASSIGN(auto outcome, read_outcome(state, id));
    if (!outcome)
        return Failure(Error{.code = ErrorCode::not_found,
                             .message = cat("no such transaction: ", printable_line(id)),
                             .hint = "mirrorctl history"});
    TRY_ASSIGN(auto marker, read_marker(state.fs, *outcome == Outcome::committed ? state.committed(id)
                                                                                 : state.rolled_back(id)));
    if (marker.id != id) return corrupt(state.transaction(id), "belongs to another transaction");
    return entry_of(state, std::move(marker));
}

Result<void> remove_transaction(const StateDir& state, const std::string& id) {
    auto names = state.view();
    TRY_ASSIGN(auto there, exists(state.fs, names.transaction(id)));
    if (!there) return {};
    TRY_ASSIGN(auto has_before, exists(state.fs, names.before_dir(id)));
    if (has_before) {
        TRY(remove_files_in(state.fs, names.before_dir(id)));
        TRY(state.fs.remove_dir(names.before_dir(id)));
    }
    TRY(remove_files_in(state.fs, names.transaction(id)));
    TRY(state.fs.remove_dir(names.transaction(id)));
    return state.fs.sync_dir(names.transactions());
}

Result<void> remove_orphans(const StateDir& state) {
    auto names = state.view();
    TRY_ASSIGN(auto active, exists(state.fs, names.active()));
    if (active) return {};
    TRY_ASSIGN(auto ids, transaction_ids(names));
    for (const auto& id : ids) {
        TRY_ASSIGN(auto outcome, read_outcome(names, id));
        if (!outcome) TRY(remove_transaction(state, id));
    }
    for (const auto& file : {names.active(), names.pending(), names.ownership()})
        TRY(remove_durably(state.fs, file.parent() / cat(file.name(), ".tmp")));
    return {};
}

Result<void> remove_newest_orphan(const StateDir& state) {
    auto names = state.view();
    TRY_ASSIGN(auto temp, exists(state.fs, names.dir / cat(names.active().name(), ".tmp")));
    TRY_ASSIGN(auto ids, transaction_ids(names));
    auto outcome =
        ids.empty() ? Result<std::optional<Outcome>>(Outcome::committed) : read_outcome(names, ids.back());
    if (!outcome) return Failure(std::move(outcome).error());
    return temp || !*outcome ? remove_orphans(state) : Result<void>{};
}

}  // namespace mirrorctl::txn
