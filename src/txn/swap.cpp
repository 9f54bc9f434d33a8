#include "txn/swap.hpp"

#include "base/strings.hpp"
#include "txn/drift.hpp"
#include "txn/durable.hpp"

#include <cerrno>

namespace mirrorctl::txn {
namespace {

Error foreign(const FileChange& file, std::string_view why) {
    return {.code = ErrorCode::foreign_change,
            .message = cat("somebody else changed it: ", file.path.str(), ": ", why)};
}

Error busy(const FileChange& file, std::string_view why, std::string hint) {
    return {.code = ErrorCode::busy,
            .message = cat("cannot replace: ", file.path.str(), ": ", why),
            .hint = std::move(hint)};
}

// Rename onto a mount point fails with EBUSY (rename(2)); a single file mounted into a container is one.
// Writing in place is not atomic: a reader may see a part, and a crash may leave one (drift.hpp, is_torn).
Result<void> write_in_place(sys::Fs& fs, const Slot& slot, const FileState& want) {
    const auto& file = slot.file;
    TRY(remove_durably(fs, slot.temp));
    if (!file.allow_in_place)
        return Failure(busy(file, "it is a mount point (a file mounted into a container?)",
                            "change the file where it is mounted from, or use --allow-in-place (not atomic: "
                            "a reader may see a part)"));
    TRY_ASSIGN(auto sight, look_at(fs, file));
    if (sight.state.meta != want.meta)
        return Failure(busy(file, "it is a mount point, and its mode or owner would have to change",
                            "change them where it is mounted from"));
    TRY(fs.overwrite_in_place(file.resolved, want.bytes));
    return fs.sync_file(file.resolved);
}

// What stands under the temp's own name is always whole: a head of our bytes could not be told from an edit
// that cut the file off.
TargetPath unfinished_temp(const Slot& slot) {
    return slot.temp.parent() / cat(slot.temp.name(), ".tmp");
}

constexpr int kTries = 8;  // of somebody who saves the file again and again meanwhile

Result<void> drop_temp(sys::Fs& fs, const Slot& slot) {
    TRY(fs.remove_file(slot.temp));
    return fs.sync_dir(slot.temp.parent());
}

// What came out of the file's place goes back, for what lies there now: `placed`, unless somebody saved the
// file once more; then that is newer and stays.
Result<void> bring_back(sys::Fs& fs, const Slot& slot, FileState placed) {
    for (int i = 0; i < kTries; ++i) {
        TRY_ASSIGN(auto going, look_at_place(fs, slot.temp));
        TRY_ASSIGN(auto swapped, fs.exchange(slot.temp, slot.file.resolved));
        if (!swapped) break;
        TRY_ASSIGN(auto out, look_at_place(fs, slot.temp));
        if (!difference(out, placed)) return drop_temp(fs, slot);
        placed = std::move(going.state);
    }
    return Failure(busy(slot.file, "somebody writes it all the time", "try again later"));
}

Result<void> bring_back_removed(sys::Fs& fs, const Slot& slot) {
    auto moved = fs.rename_new(slot.temp, slot.file.resolved);
    if (moved && *moved) return fs.sync_dir(slot.temp.parent());
    // Somebody made a new one meanwhile: that is newer.
    if (!moved && moved.error().cause != EEXIST) return Failure(std::move(moved).error());
    return drop_temp(fs, slot);
}

Result<void> replace(sys::Fs& fs, const Slot& slot, const FileState& want, const FileState& expected) {
    auto swapped = fs.exchange(slot.temp, slot.file.resolved);
    if (!swapped && swapped.error().code == ErrorCode::busy) return write_in_place(fs, slot, want);
    if (!swapped && swapped.error().code == ErrorCode::not_found)
        return Failure(foreign(slot.file, "is gone"));
    if (!swapped) return Failure(std::move(swapped).error());
    if (!*swapped) {
        TRY(fs.rename(slot.temp, slot.file.resolved));
        return fs.sync_dir(slot.file.resolved.parent());
    }
    TRY_ASSIGN(auto out, look_at_place(fs, slot.temp));
    auto differs = difference(out, expected);
    if (!differs) return drop_temp(fs, slot);
    TRY(bring_back(fs, slot, want));
    return Failure(foreign(slot.file, *differs));
}

Result<void> create(sys::Fs& fs, const Slot& slot) {
    auto moved = fs.rename_new(slot.temp, slot.file.resolved);
    if (!moved && moved.error().cause == EEXIST) return Failure(foreign(slot.file, "exists"));
    if (!moved) return Failure(std::move(moved).error());
    if (!*moved) TRY(fs.rename(slot.temp, slot.file.resolved));
    return fs.sync_dir(slot.file.resolved.parent());
}

Result<void> remove(sys::Fs& fs, const Slot& slot, const FileState& expected) {
    const auto& file = slot.file;
    auto gone = fs.rename_new(file.resolved, slot.temp);
    if (gone && !*gone) {
        auto removed = fs.remove_file(file.resolved);
        gone = removed ? Result<bool>(false) : Failure(std::move(removed).error());
    }
    if (!gone && gone.error().code == ErrorCode::busy)
        return Failure(busy(file, "it is a mount point and would have to be removed", "unmount it first"));
    if (!gone && gone.error().code == ErrorCode::not_found) return Failure(foreign(file, "is gone"));
    if (!gone) return Failure(std::move(gone).error());
    if (!*gone) return fs.sync_dir(file.resolved.parent());
    TRY_ASSIGN(auto out, look_at_place(fs, slot.temp));
    auto differs = difference(out, expected);
    if (!differs) return drop_temp(fs, slot);
    TRY(bring_back_removed(fs, slot));
    return Failure(foreign(file, *differs));
}

}  // namespace

Result<void> stage(sys::Fs& fs, const Slot& slot, const FileState& want) {
    if (!want.present) return {};
    auto unfinished = unfinished_temp(slot);
    TRY(write_synced(fs, unfinished, want.bytes, want.meta));
    return fs.rename(unfinished, slot.temp);
}

Result<void> require_state(const sys::FsReader& fs, const FileChange& file, const FileState& expected) {
    TRY_ASSIGN(auto sight, look_at(fs, file));
    if (auto differs = difference(sight, expected)) return Failure(foreign(file, *differs));
    return {};
}

Result<void> put(sys::Fs& fs, const Slot& slot, const FileState& want, const FileState& expected) {
    if (!want.present) return remove(fs, slot, expected);
    return expected.present ? replace(fs, slot, want, expected) : create(fs, slot);
}

Result<void> clear_temp(sys::Fs& fs, const Slot& slot) {
    TRY(remove_durably(fs, unfinished_temp(slot)));
    TRY_ASSIGN(auto left, look_at_place(fs, slot.temp));
    if (!left.state.present && left.oddity.empty()) return {};
    TRY_ASSIGN(auto sight, look_at(fs, slot.file));
    auto stand = stand_of(slot.file, sight);
    bool placed = stand == Stand::after || stand == Stand::interim || stand == Stand::undo_interim;
    // Whatever it is, a link or nothing but emptiness: what we never planned is somebody's edit.
    if (placed && stand_of(slot.file, left) == Stand::none) {
        if (sight.state.present) return bring_back(fs, slot, sight.state);
        return bring_back_removed(fs, slot);
    }
    return drop_temp(fs, slot);
}

Result<Restored> restore(sys::Fs& fs, const Slot& slot, const FileState& want) {
    TRY_ASSIGN(auto sight, look_at(fs, slot.file));
    if (!difference(sight, want)) {
        if (want.present) TRY(fs.sync_file(slot.file.resolved));
        TRY(sync_nearest_dir(fs, slot.file.resolved.parent()));
        return Restored::was_there;
    }
    if (stand_of(slot.file, sight) == Stand::none && !is_torn(slot.file, sight))
        return Failure(foreign(slot.file, difference(sight, slot.file.after).value_or("")));
    TRY(stage(fs, slot, want));
    TRY(put(fs, slot, want, sight.state));
    return Restored::replaced;
}

}  // namespace mirrorctl::txn
