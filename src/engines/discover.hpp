// What is installed on this node, how it is started, and (only where it runs) what it says itself.
#pragma once

#include "model/node.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <string_view>
#include <vector>

namespace mirrorctl::engines {

// From files alone: units, binaries, package database, users, and with `live` (root is "/") systemd's
// presence, the boot id and /proc. Never executes anything and asks no socket, so that a run that changes
// nothing costs nothing.
NodeFacts discover_files(const sys::FsReader& fs, bool live);

// Adds what only running parts know: unit states, dockerd's /info, containerd's merged configuration,
// versions that no package database told. Does nothing unless `node.live`. What does not answer stays
// unknown; no error.
void ask_engines(NodeFacts& node, const sys::FsReader& fs, sys::Runner& runner);

// Both.
NodeFacts discover(const sys::FsReader& fs, sys::Runner& runner, bool live);

// Lines of passwd(5) with a numeric uid and gid and an absolute home; all others are left out.
std::vector<User> parse_passwd(std::string_view text);

}  // namespace mirrorctl::engines
