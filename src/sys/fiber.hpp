// Functions that wait without a thread of their own: each has a stack, one runs at a time, a switch happens
// only in wait(). Stackful (ucontext) rather than C++20 coroutines, because clang 14, which checks and fuzzes
// this code, cannot read libstdc++'s <coroutine>.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace mirrorctl::sys {

class Fiber;

class Fibers {
  public:
    Fibers();
    ~Fibers();  // every fiber must have ended
    Fibers(const Fibers&) = delete;
    Fibers& operator=(const Fibers&) = delete;

    // `body` starts at the next run(). It must not throw.
    void spawn(std::function<void()> body);
    // Runs what can run until everybody waits or has ended.
    void run();
    bool empty() const { return alive_ == 0; }

    // Inside a fiber only.
    Fiber* current() const { return current_; }
    void wait();
    // From anywhere. Waking one that does not wait makes its next wait() return at once.
    void wake(Fiber* fiber);

  private:
    void resume(Fiber& fiber);
    static void enter(unsigned int high, unsigned int low);

    struct Scheduler;
    std::unique_ptr<Scheduler> scheduler_;
    std::vector<std::unique_ptr<Fiber>> resting_;  // ended; their stacks are used again
    std::deque<Fiber*> ready_;
    Fiber* current_ = nullptr;
    std::size_t alive_ = 0;
};

}  // namespace mirrorctl::sys
