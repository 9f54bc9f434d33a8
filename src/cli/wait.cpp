#include "cli/wait.hpp"

#include "bench/dark.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr double kFirstPause = 2;  // seconds
constexpr double kLongestPause = 16;
constexpr double kShortestRace = 3;
constexpr double kLookForSignals = 0.25;

void pause(World& world, double seconds) {
    double end = world.clock.now() + seconds;
    while (!world.stop_requested() && world.clock.now() < end)
        world.clock.sleep(std::min(end - world.clock.now(), kLookForSignals));
}

}  // namespace

Result<Report> race_when_there_is_a_network(World& world, bench::BenchSpec spec, double wait_seconds,
                                            const Race& race) {
    double give_up = world.clock.now() + wait_seconds;
    double budget = spec.seconds.value_or(spec.profile.policy.budget.seconds);
    for (double next = kFirstPause;; next = std::min(2 * next, kLongestPause)) {
        auto report = race(spec);
        double left = give_up - world.clock.now() - kShortestRace;
        if (report && bench::is_dark(*report) && left > 0) {
            bench::count_unanswered(spec, *report, world.clock.wall());
            pause(world, std::min(next, left));
        }
        if (world.stop_requested())
            return Failure(
                Error{.code = ErrorCode::interrupted, .message = "interrupted: nothing was changed"});
        if (!report || !bench::is_dark(*report) || left <= 0) return report;
        spec.seconds = std::min(budget, give_up - world.clock.now());
    }
}

}  // namespace mirrorctl::cli
