// Does a file stand as a plan knows it? Compared are type, bytes, mode, owner, extended attributes, and that
// the path still leads to the same place. Never inode or times: a backup that is restored byte by byte is no
// change.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"

#include <optional>
#include <string>

namespace mirrorctl::txn {

// What stands at a path now. `oddity` is set when it is nothing that a plan can describe: a directory, a
// device, a link that leads elsewhere by now, a file that is too large.
struct Sight {
    FileState state;
    std::string oddity = {};
};

enum class Stand { before, interim, after, undo_interim, none };

// Errors: permission_denied, io, unsafe_path (loops of links, links of other users).
Result<Sight> look_at(const sys::FsReader& fs, const FileChange& file);
// The same of a place that no link leads to.
Result<Sight> look_at_place(const sys::FsReader& fs, const TargetPath& place);

// What differs ("content", "mode 0600 instead of 0644"), nullopt if nothing does. Attributes in the kernel's
// own namespaces (security.*, system.*) that the plan does not name are no difference: new files get labels
// and default ACLs by themselves.
std::optional<std::string> difference(const Sight& sight, const FileState& planned);

// The planned state in which the file is. Where two planned states are equal the first of before, after,
// interim, undo_interim wins.
Stand stand_of(const FileChange& file, const Sight& sight);

// True if `sight` is what a cut-off in-place write from one planned state to another leaves: a head of the
// new bytes, then nothing or the tail of the old ones. Only files with allow_in_place can be in it.
bool is_torn(const FileChange& file, const Sight& sight);

// Errors: stale_plan, naming the file and what differs; unsafe_path for a hard link in somebody's home.
Result<void> require_before(const sys::FsReader& fs, const FileChange& file);

}  // namespace mirrorctl::txn
