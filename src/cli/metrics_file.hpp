// --metrics FILE: how a run ended, for whoever watches this node.
#pragma once

#include "cli/options.hpp"
#include "cli/run_record.hpp"
#include "cli/world.hpp"

namespace mirrorctl::cli {

struct RunEnd {
    int exit_code = 0;
    double started = 0;  // monotonic seconds
};

// Nothing without --metrics, and with -n. The file is replaced as a whole (0644), so that its reader never
// sees half of it; the last success stays in it while runs fail. What cannot be written is said on stderr and
// changes nothing else: a full disk of the monitoring must not make a good run a failed one.
void write_metrics(World& world, const Invocation& invocation, const RunRecord& record, const RunEnd& end);

}  // namespace mirrorctl::cli
