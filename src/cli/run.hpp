// From arguments to an exit status.
#pragma once

#include "cli/world.hpp"

#include <string>
#include <vector>

namespace mirrorctl::cli {

// Never throws. The exit status is one of cli/exit_code.hpp.
int run(World& world, const std::vector<std::string>& arguments);

}  // namespace mirrorctl::cli
