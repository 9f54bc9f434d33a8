// What may be done to a running engine (settle), and doing it (perform).
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "model/plan.hpp"
#include "sys/clock.hpp"
#include "sys/runner.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::engines {

enum class RestartPolicy { never, if_safe, always };

std::optional<RestartPolicy> parse_restart_policy(std::string_view text);  // "never", "if-safe", "always"
std::string_view name_of(RestartPolicy policy);

// Whether `wanted` can and may run now. The kind may rise (a reload becomes a restart where a reload would
// not do: the unit has none; containerd has no reload and SIGHUP ends it,
// cmd/containerd/command/main_unix.go; dockerd before 17.04 does not reload mirrors; 23.0.0-23.0.6 and 24.0.0
// lose insecure registries, moby#45552); it never falls. `deferred`: another root, no systemd, engine not
// installed or not running. `consent` is false where the policy does not allow it. `blocked_by` says why,
// what would stop, and what allows it.
Activation settle(Activation wanted, const NodeFacts& node, RestartPolicy policy);

// nullopt: a restart of this unit stops nothing. Otherwise what it would stop, e.g. "3 running containers
// would stop".
std::optional<std::string> restart_risk(const std::string& unit, const NodeFacts& node);

// The unit's facts, nullptr for a unit that discovery does not know.
const UnitFacts* find_unit(const NodeFacts& node, const std::string& unit);

enum class Way {
    forward,
    back
};  // back: the engine may be down and at its start limit, and is brought up again

// Runs one systemctl step and waits until the unit is up. Before a start the start limit is reset: three
// failed starts would otherwise keep even a repaired configuration down (moby#33931). On the way back a
// reload of a unit that is down becomes a start. Returns what was done, for the receipt. Errors:
// activation_failed with the last log lines of the unit.
Result<std::string> perform(const Activation& activation, Way way, sys::Runner& runner, sys::Clock& clock);

}  // namespace mirrorctl::engines
