// Which blob is copied next. Of large ones only few at once: what a killed run has not finished is read
// again, so one that is done is worth more than eight that are halfway. Small ones fill what is left of the
// streams.
#pragma once

#include "sync/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace mirrorctl::sync {

// How many large blobs at once: another one as long as it made the whole clearly faster, as it does where
// every connection has a limit of its own, or where a registry's hashing is what takes the time.
class LargeAtOnce {
  public:
    explicit LargeAtOnce(std::size_t most);
    std::size_t allowed() const { return allowed_; }
    // `bytes` read so far in this run; `busy`: as many large blobs as allowed are under way, and nothing else.
    void note(double now, std::int64_t bytes, bool busy);

  private:
    void restart(double now, std::int64_t bytes);

    std::size_t most_;
    std::size_t allowed_;
    double began_ = -1;
    std::int64_t bytes_ = 0;
    double before_ = 0;  // the rate with one less; 0: not measured
    bool settled_ = false;
};

class Lanes {
  public:
    Lanes(Loop& loop, std::size_t width) : loop_(loop), large_at_once_(width) {}
    void add(std::size_t job, std::int64_t size);
    // In a fiber: the next one, in order, or none when all have been taken. May wait for a large one to end.
    std::optional<std::size_t> take();
    // All of it has been read: the next large one may begin while a registry stores this one.
    void was_read(std::size_t job);
    void ended(std::size_t job);
    void note(double now, std::int64_t bytes);

  private:
    void wake_all();

    Loop& loop_;
    LargeAtOnce large_at_once_;
    std::deque<std::size_t> small_;
    std::deque<std::size_t> large_;
    std::vector<bool> is_small_;
    std::vector<std::size_t> running_;  // large ones
    std::size_t small_running_ = 0;
    std::vector<sys::Fiber*> waiting_;
};

}  // namespace mirrorctl::sync
