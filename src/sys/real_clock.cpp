#include "sys/real_clock.hpp"

#include <time.h>

#include <cerrno>
#include <cmath>

namespace mirrorctl::sys {

namespace {

double read_clock(clockid_t id) {
    timespec time{};
    ::clock_gettime(id, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

double RealClock::now() const {
    return read_clock(CLOCK_MONOTONIC);
}

double RealClock::wall() const {
    return read_clock(CLOCK_REALTIME);
}

void RealClock::sleep(double seconds) {
    if (!(seconds > 0)) return;
    double whole = std::floor(seconds);
    timespec left{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
    while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

}  // namespace mirrorctl::sys
