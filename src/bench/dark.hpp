// Was there a network at all? A dark one teaches nothing about mirrors. Pure.
#pragma once

#include "bench/spec.hpp"
#include "model/report.hpp"

namespace mirrorctl::bench {

// Somebody was asked, and nothing answered, neither a mirror nor an origin: no name was found, no connection
// made, no TLS agreed on (a clock that is not set yet), no byte came. Or all of it failed at the proxy.
bool is_dark(const Report& report);

// A race in the dark counts for the operators' minutes of those that follow in the same run, as far as its
// requests may have reached anybody. `now` = seconds since 1970.
void count_unanswered(BenchSpec& spec, const Report& report, double now);

}  // namespace mirrorctl::bench
