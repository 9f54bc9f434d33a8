// Taking back what transactions did to one file, from what stands there now.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::txn {

// The changes of one file by several transactions, newest first, never empty.
using Chain = std::vector<const FileChange*>;

struct FileUndo {
    FileChange change;  // before = what stands there now
    std::vector<Warning> warnings = {};
};

// One transaction after the other: a file that stands as the transaction left it gets its earlier bytes and
// meta, otherwise single values go back. Errors: parse, unsupported_layout, unsafe_path, io.
Result<FileUndo> undo_chain(const sys::FsReader& fs, const Chain& chain, const targets::Codec* codec);

// The values in a state; nullopt when the codec cannot read it.
std::optional<Values> values_of(const targets::Codec& codec, const FileState& state);

}  // namespace mirrorctl::txn
