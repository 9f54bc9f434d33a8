#include "txn/swap.hpp"

#include "base/strings.hpp"
#include "txn/drift.hpp"
#include "txn/durable.hpp"

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

Result<void> remove(sys::Fs& fs, const FileChange& file) {
    auto removed = fs.remove_file(file.resolved);
    if (!removed && removed.error().code == ErrorCode::busy)
        return Failure(busy(file, "it is a mount point and would have to be removed", "unmount it first"));
    if (!removed) return removed;
    return fs.sync_dir(file.resolved.parent());
}

}  // namespace

Result<void> stage(sys::Fs& fs, const Slot& slot, const FileState& want) {
    if (!want.present) return {};
    return write_synced(fs, slot.temp, want.bytes, want.meta);
}

Result<void> require_state(const sys::FsReader& fs, const FileChange& file, const FileState& expected) {
    TRY_ASSIGN(auto sight, look_at(fs, file));
    if (auto differs = difference(sight, expected)) return Failure(foreign(file, *differs));
    return {};
}

Result<void> put(sys::Fs& fs, const Slot& slot, const FileState& want) {
    if (!want.present) return remove(fs, slot.file);
    auto renamed = fs.rename(slot.temp, slot.file.resolved);
    if (!renamed && renamed.error().code == ErrorCode::busy) return write_in_place(fs, slot, want);
    if (!renamed) return renamed;
    return fs.sync_dir(slot.file.resolved.parent());
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
    TRY(put(fs, slot, want));
    return Restored::replaced;
}

}  // namespace mirrorctl::txn
