// What each consumer on this node reads now, and whose values those are.
#pragma once

#include "model/node.hpp"
#include "model/receipt.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"

#include <string>
#include <vector>

namespace mirrorctl::plan {

enum class Standing { ours, drifted, foreign, absent };

struct FileStatus {
    std::string target;
    TargetPath path = {};
    Standing standing = Standing::absent;
    std::string live = "unknown";  // yes | pending | unknown
    std::vector<std::string> mirrors = {};
    std::string detail = {};  // what drifted, or why the file cannot be read
};

// One entry per file that a target has or may have on this node; targets without any file get one `absent`
// entry if detected.
std::vector<FileStatus> make_status(const sys::FsReader& fs, const NodeFacts& node, const Ownership& owned);

// The mirrors of a file down to our last one, most preferred first; for `decide`.
std::vector<std::string> our_mirrors(const sys::FsReader& fs, const targets::Codec& codec,
                                     const TargetPath& path, const Ownership& owned);

std::string_view name_of(Standing standing);

}  // namespace mirrorctl::plan
