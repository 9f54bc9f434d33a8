// What only a running node can tell, beyond what discovery asks for every command.
#pragma once

#include "doctor/scene.hpp"
#include "sys/runner.hpp"

namespace mirrorctl::doctor {

// States of the units, environments of their processes, whether the CRI plugin loaded. Empty unless
// `node.live`; what does not answer or may not be read stays unknown.
LiveFacts ask_live(const NodeFacts& node, const sys::FsReader& fs, sys::Runner& runner);

}  // namespace mirrorctl::doctor
