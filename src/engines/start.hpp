// How the last start of a unit went, for changes that became live without us: at a boot, or by somebody's
// restart.
#pragma once

#include "sys/clock.hpp"
#include "sys/runner.hpp"

#include <string>

namespace mirrorctl::engines {

enum class StartState {
    down,      // not running and not tried, or nobody knows
    starting,  // takes longer than we wait
    up,
    failing,  // systemd gave up on it, or tries again and again
};

struct UnitStart {
    StartState state = StartState::down;
    double at = 0;         // of the last attempt, seconds since 1970; 0 = never or unknown
    std::string log = {};  // of a failing one: its last lines, printable
};

inline constexpr double kAwaitStartSeconds = 30;

// Asks systemd, and again for kAwaitStartSeconds while the unit is activating. Between two attempts of a unit
// with Restart= that counts as failing once the time is over, or after three (systemd.unit(5),
// StartLimitBurst=: containerd's RestartSec=5 never reaches the limit).
UnitStart await_start(const std::string& unit, sys::Runner& runner, sys::Clock& clock);

}  // namespace mirrorctl::engines
