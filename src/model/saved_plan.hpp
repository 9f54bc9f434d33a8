// A plan in a file, with what it takes to make it again: nobody believes its bytes.
#pragma once

#include "model/plan.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl {

struct WishedMirror {
    std::string url;           // masked, as messages show it
    bool may_resolve = false;  // trust, after `verify` was settled
    bool measured = false;
    double predicted_pull_s = -1;
    bool operator==(const WishedMirror&) const = default;
};

// What was decided when the plan was made. Everything else comes from the node and from the command line.
struct Wish {
    std::vector<std::string> targets = {};                          // named by --target
    std::map<std::string, std::vector<WishedMirror>> mirrors = {};  // upstream -> all chosen, in order
    bool operator==(const Wish&) const = default;
};

struct SavedPlan {
    Plan plan;
    Wish wish = {};
};

}  // namespace mirrorctl
