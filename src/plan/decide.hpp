// From what was measured to what the node should have. Pure: the same inputs give the same answer.
#pragma once

#include "base/result.hpp"
#include "model/desired.hpp"
#include "model/report.hpp"
#include "model/warning.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::plan {

struct DecideInput {
    const Profile& profile;
    const Report& report;            // entries may be `probed == false`
    std::vector<std::string> scope;  // upstreams of this run
    std::map<std::string, std::vector<std::string>>
        current;             // upstream -> URLs of ours that are written now, first = incumbent
    std::string machine_id;  // spreads near-equals over a fleet; "" = no spreading
    bool allow_unmeasured =
        false;  // where nothing is usable: trusted mirrors that gave no answer, in profile order
};

struct Decision {
    DesiredState desired;
    std::vector<Warning> warnings;
    bool anything_usable = false;  // false: exit 8, nothing changes
};

// Per upstream: usable candidates by predicted time (the usual one, where earlier runs are known); `prefer`
// first; what ranks behind a usable origin is left out; among near-equals (10 %) a hash of machine-id and
// host orders; the incumbent stays unless it failed or a challenger needs less than (1 - switch_margin) of
// its time, however old the ranking is: of one ranking the second decision is the first. An upstream without
// anything usable stays as it is on the node.
Decision decide(const DecideInput& input);

}  // namespace mirrorctl::plan
