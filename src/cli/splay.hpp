// apply --splay: a fleet that is told the same at the same time does not ask the same servers at the same
// time.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"

namespace mirrorctl::cli {

// This node's part of `splay_seconds`: the same at every run, spread evenly over a fleet by machine-id.
double splay_part(const std::string& machine_id, double splay_seconds);

// Sleeps that long. Errors: interrupted.
Result<void> wait_for_turn(Node& node, double splay_seconds);

}  // namespace mirrorctl::cli
