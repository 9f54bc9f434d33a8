// From what the node should have to a Plan. Reads files through FsReader only; writes nothing.
#pragma once

#include "base/result.hpp"
#include "model/desired.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "plan/settle.hpp"
#include "sys/fs.hpp"
#include "targets/target.hpp"

#include <string>
#include <vector>

namespace mirrorctl::plan {

struct PlanInput {
    const sys::FsReader& fs;
    const NodeFacts& node;
    const DesiredState& desired;
    const Ownership& owned;
    std::vector<const targets::Target*> targets;  // selected, in catalogue order
    bool forced = false;                          // they were named by --target
    bool allow_in_place = false;
    std::vector<Pending> pending = {};  // from earlier runs, still open
    Settle settle;
};

// Errors: whatever a target refuses with (the whole plan is refused), with the target's name as context.
Result<Plan> make_plan(const PlanInput& input);

// Does `target` only take out what it wrote, because another one of this run takes its place? Never if it was
// named by --target.
bool yields(const targets::Target& target, const NodeFacts& node,
            const std::vector<const targets::Target*>& targets, bool forced);

// Targets whose names are given, in catalogue order. Errors: usage with a suggestion for an unknown name.
Result<std::vector<const targets::Target*>> find_targets(const std::vector<std::string>& names);

}  // namespace mirrorctl::plan
