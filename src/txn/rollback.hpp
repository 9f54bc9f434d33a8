// The plan that takes transactions back, made from their journals and the files as they stand now.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"
#include "txn/state_dir.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirrorctl::txn {

// The codec that reads and edits the file at a path, nullptr if there is none (targets::Target::codec_for).
using CodecLookup = std::function<const targets::Codec*(const TargetPath&)>;

// A file that stands as the transaction left it gets its old bytes and meta back exactly (created directories
// vanish when empty). Where somebody edited it since, only values that are still ours go back, key by key;
// what was changed since is kept and reported as a warning `kept_foreign_value`. `ids` newest first, as
// to_roll_back gives them. Activations are those of the transactions; checks are carried over where what they
// expect can be read from the files. Errors: corrupt_state (journal), parse, unsupported_layout (a file that
// cannot be edited), permission_denied, io.
Result<Plan> make_rollback(const StateView& state, const sys::FsReader& fs,
                           const std::vector<std::string>& ids, const CodecLookup& codec_for);

}  // namespace mirrorctl::txn
