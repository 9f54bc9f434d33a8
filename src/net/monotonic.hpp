// The clock that transfer times are measured with.
#pragma once

#include <chrono>

namespace mirrorctl::net {

// Seconds since an arbitrary point; never goes back.
inline double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace mirrorctl::net
