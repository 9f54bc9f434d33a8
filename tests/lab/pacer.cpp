#include "lab/pacer.hpp"

#include "lab/source.hpp"

#include <algorithm>

namespace mirrorctl::lab {

std::int64_t Bucket::available(double now) {
    if (rate_ <= 0) return kEndless;
    if (filled_at_ >= 0) tokens_ = std::min(capacity(), tokens_ + (now - filled_at_) * rate_);
    filled_at_ = now;
    return static_cast<std::int64_t>(std::max(0.0, tokens_));
}

double Bucket::time_for(std::int64_t bytes, double now) const {
    if (rate_ <= 0) return now;
    return now + std::max(0.0, (static_cast<double>(bytes) - tokens_) / rate_);
}

std::int64_t Ramp::available(double now) {
    if (rtt_ <= 0) return kEndless;
    if (round_start_ < 0) round_start_ = now;
    if (now >= round_start_ + rtt_) {
        if (used_ >= window_ && window_ < (1 << 30)) window_ *= 2;
        used_ = 0;
        round_start_ = now;
    }
    return std::max<std::int64_t>(0, window_ - used_);
}

}  // namespace mirrorctl::lab
