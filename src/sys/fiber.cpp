#include "sys/fiber.hpp"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define MIRRORCTL_FIBER_ASAN 1
#endif

namespace mirrorctl::sys {

namespace {

// Address space, not memory: a page counts once it has been touched. The first page is a wall.
constexpr std::size_t kStackBytes = 256 * 1024;
constexpr std::size_t kWallBytes = 4096;

void* map_stack() {
    void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || ::mprotect(stack, kWallBytes, PROT_NONE) != 0) std::abort();
    return stack;
}

}  // namespace

class Fiber {
  public:
    Fiber() : stack_(map_stack()) {}
    ~Fiber() { ::munmap(stack_, kStackBytes); }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    void* stack_;
    ucontext_t context_{};
    std::function<void()> body_;
    bool waiting_ = false;
    bool woken_ = false;
    bool ended_ = false;
    void* shadow_ = nullptr;
};

struct Fibers::Scheduler {
    ucontext_t context{};
    void* shadow = nullptr;
    const void* bottom = nullptr;
    std::size_t size = 0;
};

Fibers::Fibers() : scheduler_(std::make_unique<Scheduler>()) {}
Fibers::~Fibers() = default;

void Fibers::enter(unsigned int high, unsigned int low) {
    auto& self = *reinterpret_cast<Fibers*>((static_cast<std::uintptr_t>(high) << 32U) |
                                            static_cast<std::uintptr_t>(low));
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &self.scheduler_->bottom, &self.scheduler_->size);
#endif
    auto& fiber = *self.current_;
    fiber.body_();
    fiber.body_ = nullptr;
    fiber.ended_ = true;
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_start_switch_fiber(nullptr, self.scheduler_->bottom, self.scheduler_->size);
#endif
    ::setcontext(&self.scheduler_->context);
}

void Fibers::spawn(std::function<void()> body) {
    std::unique_ptr<Fiber> fiber;
    if (resting_.empty()) {
        fiber = std::make_unique<Fiber>();
    } else {
        fiber = std::move(resting_.back());
        resting_.pop_back();
    }
    fiber->body_ = std::move(body);
    fiber->ended_ = fiber->waiting_ = fiber->woken_ = false;
    ::getcontext(&fiber->context_);
    fiber->context_.uc_stack.ss_sp = static_cast<char*>(fiber->stack_) + kWallBytes;
    fiber->context_.uc_stack.ss_size = kStackBytes - kWallBytes;
    fiber->context_.uc_link = nullptr;
    auto self = reinterpret_cast<std::uintptr_t>(this);
    ::makecontext(&fiber->context_, reinterpret_cast<void (*)()>(&Fibers::enter), 2,
                  static_cast<unsigned int>(self >> 32U), static_cast<unsigned int>(self & 0xFFFFFFFFU));
    ++alive_;
    ready_.push_back(fiber.release());
}

void Fibers::resume(Fiber& fiber) {
    current_ = &fiber;
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_start_switch_fiber(&scheduler_->shadow, fiber.context_.uc_stack.ss_sp,
                                   fiber.context_.uc_stack.ss_size);
#endif
    ::swapcontext(&scheduler_->context, &fiber.context_);
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_finish_switch_fiber(scheduler_->shadow, nullptr, nullptr);
#endif
    current_ = nullptr;
    if (!fiber.ended_) return;
    --alive_;
    resting_.emplace_back(&fiber);
}

void Fibers::run() {
    while (!ready_.empty()) {
        auto* fiber = ready_.front();
        ready_.pop_front();
        resume(*fiber);
    }
}

void Fibers::wait() {
    auto& fiber = *current_;
    if (std::exchange(fiber.woken_, false)) return;
    fiber.waiting_ = true;
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_start_switch_fiber(&fiber.shadow_, scheduler_->bottom, scheduler_->size);
#endif
    ::swapcontext(&fiber.context_, &scheduler_->context);
#ifdef MIRRORCTL_FIBER_ASAN
    __sanitizer_finish_switch_fiber(fiber.shadow_, &scheduler_->bottom, &scheduler_->size);
#endif
}

void Fibers::wake(Fiber* fiber) {
    if (!fiber->waiting_) {
        fiber->woken_ = true;
        return;
    }
    fiber->waiting_ = false;
    ready_.push_back(fiber);
}

}  // namespace mirrorctl::sys
