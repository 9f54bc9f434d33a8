// Turns the transport, the clock and the fibers: whoever waits for an answer or a moment gives way to the
// others.
#pragma once

#include "net/exchange.hpp"
#include "sys/clock.hpp"
#include "sys/fiber.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>

namespace mirrorctl::sync {

class Loop final : public net::Exchange {
  public:
    Loop(net::Transport& transport, sys::Clock& clock, std::function<bool()> stop_requested);
    ~Loop() override;

    // Runs `body` and everything that it spawns to the end. `tick` is called about ten times per second.
    void run(std::function<void()> body, const std::function<void()>& tick);

    // Below: from inside run() only.
    void spawn(std::function<void()> body) { fibers_.spawn(std::move(body)); }
    // fn(0) ... fn(count - 1), at most `width` at once; returns when all have.
    void parallel(std::size_t count, std::size_t width, const std::function<void(std::size_t)>& fn);
    sys::Fiber* current() const { return fibers_.current(); }
    void wait() { fibers_.wait(); }
    void wake(sys::Fiber* fiber) { fibers_.wake(fiber); }
    // Calls `fn` in `seconds`, outside any fiber.
    void after(double seconds, std::function<void()> fn);

    net::Answer send(const net::Request& request, const net::Streams& streams) override;
    void sleep(double seconds) override;
    double now() const override { return clock_.now(); }
    double wall() const override { return clock_.wall(); }
    bool stopping() const override { return stopping_; }

    // The answer to that request is `error`, now.
    void abort(net::RequestId id, Error error);
    // As Transport's; what rests by our own wish does not count as stalled.
    void hold(net::RequestId id);
    void go_on(net::RequestId id);

  private:
    class Call;
    void turn(const std::function<void()>& tick);
    void fire_timers();
    void look_for_stalls();
    void stop();

    net::Transport& transport_;
    sys::Clock& clock_;
    std::function<bool()> stop_requested_;
    sys::Fibers fibers_;
    std::multimap<double, std::function<void()>> timers_;
    std::map<net::RequestId, Call*> calls_;
    std::set<sys::Fiber*> sleepers_;
    double next_tick_ = 0;
    double grace_until_ = 0;  // after a stop: requests that clean up still run until then
    bool stopping_ = false;
};

}  // namespace mirrorctl::sync
