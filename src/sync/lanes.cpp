#include "sync/lanes.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::sync {

namespace {

constexpr std::int64_t kLarge = 16 << 20;
constexpr double kWindow = 2;             // seconds
constexpr double kFirstWindow = 0.5;      // where one stream is clearly not enough, the loss is small
constexpr double kGain = 1.15;            // what another stream must bring
constexpr double kFull = 64 * (1 << 20);  // bytes per second: more than two are not tried

}  // namespace

LargeAtOnce::LargeAtOnce(std::size_t most) : most_(most), allowed_(1) {}

void LargeAtOnce::restart(double now, std::int64_t bytes) {
    began_ = now;
    bytes_ = bytes;
}

void LargeAtOnce::note(double now, std::int64_t bytes, bool busy) {
    if (settled_ || allowed_ >= most_) return;
    if (began_ < 0 || !busy) return restart(now, bytes);
    if (now - began_ < (allowed_ == 1 ? kFirstWindow : kWindow)) return;
    double rate = static_cast<double>(bytes - bytes_) / (now - began_);
    restart(now, bytes);
    if (before_ > 0 && rate < before_ * kGain) {
        --allowed_;
        settled_ = true;
    } else if (rate < kFull || allowed_ == 1) {
        before_ = rate;
        ++allowed_;
    }
}

void Lanes::add(std::size_t job, std::int64_t size) {
    bool small = size < kLarge;
    (small ? small_ : large_).push_back(job);
    if (is_small_.size() <= job) is_small_.resize(job + 1);
    is_small_[job] = small;
}

std::optional<std::size_t> Lanes::take() {
    for (;;) {
        bool free = running_.size() < large_at_once_.allowed() || loop_.stopping();
        bool large = !large_.empty() && free && (small_.empty() || large_.front() < small_.front());
        if (large || !small_.empty()) {
            auto& list = large ? large_ : small_;
            auto job = list.front();
            list.pop_front();
            if (large)
                running_.push_back(job);
            else
                ++small_running_;
            return job;
        }
        if (large_.empty()) return std::nullopt;
        waiting_.push_back(loop_.current());
        loop_.wait();
    }
}

void Lanes::was_read(std::size_t job) {
    if (std::erase(running_, job) > 0) wake_all();
}

void Lanes::ended(std::size_t job) {
    if (is_small_[job])
        --small_running_;
    else
        was_read(job);
}

// What small ones bring says nothing about large ones. Between two large ones there are gaps: as long as more
// of them wait, the lanes count as busy.
void Lanes::note(double now, std::int64_t bytes) {
    auto before = large_at_once_.allowed();
    bool busy = small_running_ == 0 && (!large_.empty() || running_.size() >= before);
    large_at_once_.note(now, bytes, busy);
    if (large_at_once_.allowed() > before) wake_all();
}

void Lanes::wake_all() {
    for (auto* fiber : std::exchange(waiting_, {})) loop_.wake(fiber);
}

}  // namespace mirrorctl::sync
