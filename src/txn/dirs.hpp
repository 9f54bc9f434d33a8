// Directories of a plan: created before the files, removed after them, and the other way round on the way
// back.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"

#include <vector>

namespace mirrorctl::txn {

// Creates those that are missing, parents first, durably.
Result<void> make_dirs(sys::Fs& fs, const std::vector<DirChange>& dirs);

// Removes those that are there and empty, children first, durably. Value: those that stayed because something
// is in them.
Result<std::vector<TargetPath>> remove_dirs(sys::Fs& fs, const std::vector<DirChange>& dirs);

std::vector<DirChange> dirs_to_create(const Plan& plan);
std::vector<DirChange> dirs_to_remove(const Plan& plan);

}  // namespace mirrorctl::txn
