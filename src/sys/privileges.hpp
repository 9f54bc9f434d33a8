// Giving up what a process may do, for good.
#pragma once

#include "base/result.hpp"

namespace mirrorctl::sys {

// Root becomes nobody, without groups and capabilities. Nothing for other users. Errors: permission_denied.
Result<void> drop_root();

// No new privileges; no file can be written or created, no program started, nobody traced. Errors: io.
Result<void> forbid_changes();

}  // namespace mirrorctl::sys
