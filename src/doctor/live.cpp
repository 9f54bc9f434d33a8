#include "doctor/live.hpp"

#include "engines/containerd.hpp"
#include "engines/processes.hpp"
#include "engines/systemd.hpp"

namespace mirrorctl::doctor {

LiveFacts ask_live(const NodeFacts& node, const sys::FsReader& fs, sys::Runner& runner) {
    LiveFacts live;
    if (!node.live) return live;
    std::vector<const UnitFacts*> units;
    if (node.docker.installed) units.push_back(&node.docker.unit);
    if (node.containerd.installed) units.push_back(&node.containerd.unit);
    std::map<std::string, engines::Properties> known;
    if (node.systemd && !units.empty()) {
        std::vector<std::string> names;
        for (const auto* unit : units) names.push_back(unit->name);
        known = engines::show_units(runner, names);
    }
    for (const auto* unit : units) {
        auto& facts = live.units[unit->name];
        if (auto it = known.find(unit->name); it != known.end()) {
            facts.state = it->second["ActiveState"];
            facts.result = it->second["Result"];
        }
        if (unit->main_pid > 0) facts.environment = engines::environment(fs, unit->main_pid);
    }
    if (node.containerd.installed && node.containerd.unit.active && !node.containerd.cri_disabled) {
        auto cri = engines::ask_cri(runner);
        live.cri_failed = cri.state == engines::CriState::failed;
        live.cri_detail = cri.detail;
    }
    return live;
}

}  // namespace mirrorctl::doctor
