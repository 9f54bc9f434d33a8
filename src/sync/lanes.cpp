#include "sync/lanes.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::sync {

namespace {

constexpr std::int64_t kLarge = 16 << 20;
constexpr std::size_t kFirst = 2;
constexpr double kWindow = 2;             // seconds
constexpr double kGain = 1.15;            // what another stream must bring
constexpr double kFull = 64 * (1 << 20);  // bytes per second: two streams fill what there is

}  // namespace

LargeAtOnce::LargeAtOnce(std::size_t most) : most_(most), allowed_(std::min(kFirst, most)) {}

void LargeAtOnce::restart(double now, std::int64_t bytes) {
    began_ = now;
    bytes_ = bytes;
}

void LargeAtOnce::note(double now, std::int64_t bytes, std::size_t running) {
    if (settled_ || allowed_ >= most_) return;
    if (began_ < 0 || running < allowed_) return restart(now, bytes);
    if (now - began_ < kWindow) return;
    double rate = static_cast<double>(bytes - bytes_) / (now - began_);
    restart(now, bytes);
    if (before_ > 0 && rate < before_ * kGain) {
        --allowed_;
        settled_ = true;
    } else if (rate < kFull) {
        before_ = rate;
        ++allowed_;
    }
}

void Lanes::add(std::size_t job, std::int64_t size) {
    (size >= kLarge ? large_ : small_).push_back(job);
}

std::optional<std::size_t> Lanes::take() {
    for (;;) {
        bool free = running_.size() < large_at_once_.allowed() || loop_.stopping();
        bool large = !large_.empty() && free && (small_.empty() || large_.front() < small_.front());
        if (large || !small_.empty()) {
            auto& list = large ? large_ : small_;
            auto job = list.front();
            list.pop_front();
            if (large) running_.push_back(job);
            return job;
        }
        if (large_.empty()) return std::nullopt;
        waiting_.push_back(loop_.current());
        loop_.wait();
    }
}

void Lanes::ended(std::size_t job) {
    if (std::erase(running_, job) > 0) wake_all();
}

void Lanes::note(double now, std::int64_t bytes) {
    auto before = large_at_once_.allowed();
    large_at_once_.note(now, bytes, running_.size());
    if (large_at_once_.allowed() > before) wake_all();
}

void Lanes::wake_all() {
    for (auto* fiber : std::exchange(waiting_, {})) loop_.wake(fiber);
}

}  // namespace mirrorctl::sync
