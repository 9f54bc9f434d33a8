// What a run is about: which targets, which registries, what is written there now.
#pragma once

#include "base/result.hpp"
#include "cli/node.hpp"
#include "model/desired.hpp"
#include "targets/target.hpp"
#include "txn/late_start.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::cli {

struct Choice {
    std::vector<const targets::Target*> targets;
    bool forced = false;  // named by --target
    std::vector<std::string>
        upstreams;  // registries that the chosen targets can mirror; empty: nothing is probed
    std::map<std::string, std::vector<std::string>> current;  // upstream -> our mirrors as they stand
    std::vector<txn::HeldBack> held;  // targets left out, because they broke an engine the last time
};

// Targets: --target, else config.yaml's, else every detected one for mirrors (with those that it replaces)
// and, where proxies are managed, the profile's proxy.targets; without those that are held back (--fresh
// takes them all the same). Errors: usage for unknown names, conflict for two names of which one replaces the
// other, those of held_back.
Result<Choice> choose(Node& node, const Profile& profile, const ApplyOptions& options, bool proxies_managed,
                      const Ownership& owned);

}  // namespace mirrorctl::cli
