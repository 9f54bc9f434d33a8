// Does the running engine have what a file says?
#pragma once

#include "cli/node.hpp"
#include "model/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::cli {

// "yes", "pending" or "unknown".
std::string live_word(Node& node, std::string_view target, const TargetPath& path,
                      const std::vector<Pending>& pending);

}  // namespace mirrorctl::cli
