// Reads profiles/dead.yaml (schema mirrorctl.dead/1): for dead.cpp and for the check when the program is
// built.
#pragma once

#include "profile/dead.hpp"
#include "profile/node.hpp"

#include <vector>

namespace mirrorctl::profile {

std::vector<DeadMirror> read_dead(const Node& tree, Problems& problems);

}  // namespace mirrorctl::profile
