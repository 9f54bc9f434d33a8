// Reading in users' homes, where root must not be led astray.
#pragma once

#include "model/node.hpp"
#include "sys/fs.hpp"

#include <vector>

namespace mirrorctl::doctor {

// Users with a home of their own, each home once; root always.
std::vector<User> homes_of(const NodeFacts& node);

// A regular file with one name that belongs to the user, reached without a link: what it says is the user's
// own word, and not that of a file that only root may read.
bool is_plain_file_of(const sys::FsReader& fs, const TargetPath& path, const User& user);

}  // namespace mirrorctl::doctor
