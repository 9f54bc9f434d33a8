// Giving up what a process may do, for good.
#pragma once

#include "base/result.hpp"

namespace mirrorctl::sys {

// Root becomes nobody, without groups; capabilities go from everybody. Errors: permission_denied.
Result<void> drop_root();

// No new privileges; no file can be written or created, no program or process started, nobody traced or
// signalled. For this very process: a forked one could not even end itself by a signal. Errors: io.
Result<void> forbid_changes();

}  // namespace mirrorctl::sys
