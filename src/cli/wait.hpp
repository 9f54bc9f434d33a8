// --wait: a node that boots has no network yet.
#pragma once

#include "base/result.hpp"
#include "bench/spec.hpp"
#include "cli/world.hpp"
#include "model/report.hpp"

#include <functional>

namespace mirrorctl::cli {

using Race = std::function<Result<Report>(const bench::BenchSpec&)>;

// Races once; again for `wait_seconds` at most while nothing at all answers (bench::is_dark), with longer and
// longer pauses, and within the requests per minute of all these races together. Whatever answers ends the
// wait. The last race ends with it. Errors: those of `race`, interrupted.
Result<Report> race_when_there_is_a_network(World& world, bench::BenchSpec spec, double wait_seconds,
                                            const Race& race);

}  // namespace mirrorctl::cli
