#include "engines/systemd.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "engines/processes.hpp"

namespace mirrorctl::engines {
namespace {

constexpr double kAskSeconds = 5;
constexpr std::size_t kLogLimit = 1500;

std::string value_or_empty(const Properties& properties, const std::string& name) {
    auto it = properties.find(name);
    return it == properties.end() ? "" : it->second;
}

}  // namespace

std::vector<Properties> parse_show(std::string_view output) {
    std::vector<Properties> blocks;
    Properties block;
    for (const auto& line : split(output, '\n')) {
        auto equals = line.find('=');
        if (equals != std::string::npos) {
            block[line.substr(0, equals)] = line.substr(equals + 1);
        } else if (trim(line).empty() && !block.empty()) {
            blocks.push_back(std::move(block));
            block.clear();
        }
    }
    if (!block.empty()) blocks.push_back(std::move(block));
    return blocks;
}

std::map<std::string, Properties> show_units(sys::Runner& runner, const std::vector<std::string>& units) {
    sys::Command command{
        .argv = {"systemctl", "show", "--no-pager",
                 "--property=Id,LoadState,ActiveState,MainPID,KillMode,NeedDaemonReload,CanReload,Result"},
        .timeout_seconds = kAskSeconds};
    command.argv.insert(command.argv.end(), units.begin(), units.end());
    auto finished = runner.run(command);
    std::map<std::string, Properties> known;
    if (!finished || finished->exit_status != 0) return known;
    auto blocks = parse_show(finished->out);
    // Blocks come in the order in which the units were asked for; Id differs from the asked name for an
    // alias.
    for (std::size_t i = 0; i < blocks.size() && i < units.size(); ++i)
        known[units[i]] = std::move(blocks[i]);
    return known;
}

void apply_properties(UnitFacts& unit, const Properties& properties, const sys::FsReader& fs) {
    auto load = value_or_empty(properties, "LoadState");
    if (load == "loaded") unit.exists = true;
    auto state = value_or_empty(properties, "ActiveState");
    unit.active = state == "active" || state == "reloading";
    auto pid = parse_integer(value_or_empty(properties, "MainPID")).value_or(0);
    unit.main_pid = pid > 0 && pid <= 0x7fffffff ? static_cast<int>(pid) : 0;
    unit.started_at = started_at(fs, unit.main_pid);
    if (auto mode = value_or_empty(properties, "KillMode"); !mode.empty() && load == "loaded")
        unit.kill_mode = mode;
    unit.need_daemon_reload = value_or_empty(properties, "NeedDaemonReload") == "yes";
    unit.can_reload = value_or_empty(properties, "CanReload") != "no";
}

std::string active_state(sys::Runner& runner, const std::string& unit) {
    // Exit status 3 means "not active"; the word is on stdout all the same.
    auto finished = runner.run({.argv = {"systemctl", "is-active", unit}, .timeout_seconds = kAskSeconds});
    return finished ? printable_line(trim(finished->out), 40) : "";
}

std::string last_log_lines(sys::Runner& runner, const std::string& unit) {
    auto finished = runner.run(
        {.argv = {"journalctl", "--unit", unit, "--lines=20", "--no-pager", "--output=cat", "--quiet"},
         .timeout_seconds = kAskSeconds});
    if (!finished || finished->exit_status != 0) return "";
    auto text = mask_secrets(printable(trim(finished->out)));
    if (text.size() <= kLogLimit) return text;
    // The end tells most; cut at a line.
    auto from = text.find('\n', text.size() - kLogLimit);
    return text.substr(from == std::string::npos ? text.size() - kLogLimit : from + 1);
}

}  // namespace mirrorctl::engines
