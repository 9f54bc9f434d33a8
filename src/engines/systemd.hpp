// Asking the running systemd about units.
#pragma once

#include "model/node.hpp"
#include "sys/fs.hpp"
#include "sys/runner.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::engines {

// Properties of each unit that `systemctl show` knows, by unit name. One call for all of them. Empty when
// systemd does not answer.
using Properties = std::map<std::string, std::string>;
std::map<std::string, Properties> show_units(sys::Runner& runner, const std::vector<std::string>& units);
std::vector<Properties> parse_show(
    std::string_view output);  // one per block; blocks are separated by an empty line

// Takes over what only the manager knows: active, main pid and its start time, KillMode as loaded,
// NeedDaemonReload.
void apply_properties(UnitFacts& unit, const Properties& properties, const sys::FsReader& fs);

// "active", "activating", "inactive", "failed" ...; "" when systemd did not answer.
std::string active_state(sys::Runner& runner, const std::string& unit);

// The last lines that a unit logged, printable, at most 20 lines and 1500 bytes; "" if there is no journal.
std::string last_log_lines(sys::Runner& runner, const std::string& unit);

}  // namespace mirrorctl::engines
