// The replacement of one file: temp in the same directory, fsync, exchange of both names, a look at what came
// out, removal of that, fsync of the directory. A reader sees the old file or the new one, never a part.
// Where an edit by somebody else came out, both names are exchanged back: it is not lost, however late it
// came. On a file system that cannot exchange names it is a plain rename after a look, and an edit between
// the two is lost.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"

namespace mirrorctl::txn {

// A file of a plan and the name of its temp file.
struct Slot {
    const FileChange& file;
    const TargetPath& temp;
};

// Writes the state that the file shall have into the temp, durable, with its final mode, owner and
// attributes; under another name until it is whole. Nothing for an absent state. A disk that is too full says
// so here, before any file was replaced.
Result<void> stage(sys::Fs& fs, const Slot& slot, const FileState& want);

// Errors: foreign_change when the file is not in the state that the plan knows at this point.
Result<void> require_state(const sys::FsReader& fs, const FileChange& file, const FileState& expected);

// Puts what was staged (or the absence) in the place of `expected`, durably. The file may be new even when
// this fails: a failed sync of the directory comes after the rename. Errors: foreign_change when something
// else was there, which stays; busy for a bind mount without allow_in_place; io, no_space ...
Result<void> put(sys::Fs& fs, const Slot& slot, const FileState& want, const FileState& expected);

// Removes the temps that a run which was cut off left. What somebody else had put in the file's place, and it
// had just swapped out, is put back first: an edit, an emptied file, a link.
Result<void> clear_temp(sys::Fs& fs, const Slot& slot);

enum class Restored { was_there, replaced };
// Brings the file from any planned state into `want`. A file that looks right already is synced all the same:
// what is seen after a crash may not have reached the disk. Errors: foreign_change when it is in none of the
// planned states (never overwritten).
Result<Restored> restore(sys::Fs& fs, const Slot& slot, const FileState& want);

}  // namespace mirrorctl::txn
