#include "engines/start.hpp"

#include "base/strings.hpp"
#include "engines/systemd.hpp"

namespace mirrorctl::engines {
namespace {

constexpr double kLookEvery = 0.5;
constexpr std::int64_t kManyRestarts = 3;

struct Seen {
    std::string active;
    std::string sub;
    std::int64_t restarts = 0;
    double started = 0;  // CLOCK_MONOTONIC seconds, 0 = never
};

Seen look(const std::string& unit, sys::Runner& runner) {
    auto shown = runner.run({.argv = {"systemctl", "show", "--no-pager",
                                      "--property=ActiveState,SubState,NRestarts,"
                                      "ExecMainStartTimestampMonotonic",
                                      unit},
                             .timeout_seconds = 5});
    Seen seen;
    if (!shown || shown->exit_status != 0) return seen;
    auto blocks = parse_show(shown->out);
    if (blocks.empty()) return seen;
    auto& properties = blocks.front();
    seen.active = properties["ActiveState"];
    seen.sub = properties["SubState"];
    seen.restarts = parse_integer(properties["NRestarts"]).value_or(0);
    auto micros = parse_integer(properties["ExecMainStartTimestampMonotonic"]).value_or(0);
    seen.started = static_cast<double>(micros) / 1e6;
    return seen;
}

bool in_between(const Seen& seen) {
    return seen.active == "activating" || seen.active == "deactivating";
}

StartState judge(const Seen& seen) {
    if (seen.active == "active" || seen.active == "reloading") return StartState::up;
    if (seen.active == "failed") return StartState::failing;
    if (!in_between(seen)) return StartState::down;
    return seen.restarts > 0 || seen.sub == "auto-restart" ? StartState::failing : StartState::starting;
}

}  // namespace

UnitStart await_start(const std::string& unit, sys::Runner& runner, sys::Clock& clock) {
    auto until = clock.now() + kAwaitStartSeconds;
    auto seen = look(unit, runner);
    while (in_between(seen) && seen.restarts < kManyRestarts && clock.now() < until) {
        clock.sleep(kLookEvery);
        seen = look(unit, runner);
    }
    UnitStart start{.state = judge(seen)};
    if (seen.started > 0) start.at = clock.wall() - clock.now() + seen.started;
    if (start.state == StartState::failing) start.log = last_log_lines(runner, unit);
    return start;
}

}  // namespace mirrorctl::engines
