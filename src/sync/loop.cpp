#include "sync/loop.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace mirrorctl::sync {

namespace {

constexpr double kTick = 0.1;
constexpr double kStallAfterBody = 600;  // the body is sent: registries hash and copy before they answer
constexpr double kGrace = 3;             // seconds for cleaning up after a stop

Error interrupted() {
    return {.code = ErrorCode::interrupted, .message = "interrupted"};
}

}  // namespace

// One request under way, and the fiber that waits for it.
class Loop::Call final : public net::Handler, public net::BodySource {
  public:
    Call(Loop& loop, const net::Request& request, const net::Streams& streams)
        : loop_(loop), streams_(streams), body_(request.body), left_(request.body ? request.body_size : 0) {}

    bool on_headers(const net::Response& response) override {
        touch();
        static_cast<net::Response&>(answer_) = response;
        streaming_ = streams_.sink && (response.status == 200 || response.status == 206);
        return !streaming_ || streams_.sink->begin(response, id_);
    }
    bool on_body(std::string_view bytes, double) override {
        touch();
        if (streaming_) return streams_.sink->take(bytes);
        answer_.body.append(bytes);
        return true;
    }
    void on_done(const net::Response& response) override {
        static_cast<net::Response&>(answer_) = response;
        end();
    }
    std::size_t give(char* to, std::size_t room) override {
        auto count = body_->give(to, room);
        resting_ = count == 0;
        touch();
        left_ -= static_cast<std::int64_t>(count);
        return count;
    }

    void begin(net::RequestId id) {
        id_ = id;
        touch();
    }
    void fail(Error error) {
        answer_.error = std::move(error);
        end();
    }
    void end() {
        done_ = true;
        loop_.calls_.erase(id_);
        if (fiber_) loop_.wake(fiber_);
    }
    // Waits for others: a sink that holds, a body that is not there yet.
    bool stalled(double now) const {
        if (resting_ || held_) return false;
        bool committing = body_ && left_ == 0 && answer_.status == 0;
        return now - touched_ > (committing ? kStallAfterBody : streams_.patience);
    }
    void touch() { touched_ = loop_.now(); }

    Loop& loop_;
    const net::Streams& streams_;
    net::BodySource* body_;
    std::int64_t left_;
    net::Answer answer_;
    net::RequestId id_ = 0;
    sys::Fiber* fiber_ = nullptr;
    double touched_ = 0;
    bool streaming_ = false;
    bool resting_ = false;
    bool held_ = false;
    bool done_ = false;
};

Loop::Loop(net::Transport& transport, sys::Clock& clock, std::function<bool()> stop_requested)
    : transport_(transport), clock_(clock), stop_requested_(std::move(stop_requested)) {}
Loop::~Loop() = default;

net::Answer Loop::send(const net::Request& request, const net::Streams& streams) {
    Call call(*this, request, streams);
    bool cleans_up = request.method == "DELETE" && now() < grace_until_;
    if (stopping_ && !cleans_up) {
        call.answer_.error = interrupted();
        return std::move(call.answer_);
    }
    auto to_send = request;
    if (request.body) to_send.body = &call;
    auto id = transport_.start(to_send, call);
    call.begin(id);
    calls_.emplace(id, &call);
    if (streams.started) streams.started(id);
    call.fiber_ = fibers_.current();
    while (!call.done_) fibers_.wait();
    return std::move(call.answer_);
}

void Loop::hold(net::RequestId id) {
    transport_.hold(id);
    if (auto call = calls_.find(id); call != calls_.end()) call->second->held_ = true;
}

void Loop::go_on(net::RequestId id) {
    transport_.go_on(id);
    auto call = calls_.find(id);
    if (call == calls_.end()) return;
    if (std::exchange(call->second->held_, false)) call->second->touch();
}

void Loop::abort(net::RequestId id, Error error) {
    auto call = calls_.find(id);
    if (call == calls_.end()) return;
    transport_.cancel(id);
    call->second->fail(std::move(error));
}

void Loop::sleep(double seconds) {
    auto* fiber = fibers_.current();
    double until = now() + seconds;
    sleepers_.insert(fiber);
    after(seconds, [this, fiber] {
        if (sleepers_.contains(fiber)) wake(fiber);
    });
    while (now() < until && !stopping_) fibers_.wait();
    sleepers_.erase(fiber);
}

void Loop::after(double seconds, std::function<void()> fn) {
    timers_.emplace(now() + std::max(0.0, seconds), std::move(fn));
}

void Loop::parallel(std::size_t count, std::size_t width, const std::function<void(std::size_t)>& fn) {
    struct Shared {
        std::size_t next = 0;
        std::size_t running = 0;
    } shared;
    auto* waiter = fibers_.current();
    shared.running = std::min(count, std::max<std::size_t>(1, width));
    for (std::size_t i = 0, workers = shared.running; i < workers; ++i)
        spawn([this, &shared, &fn, count, waiter] {
            while (shared.next < count) fn(shared.next++);
            if (--shared.running == 0) wake(waiter);
        });
    while (shared.running > 0) fibers_.wait();
}

void Loop::run(std::function<void()> body, const std::function<void()>& tick) {
    spawn(std::move(body));
    fibers_.run();
    while (!fibers_.empty()) {
        turn(tick);
        fibers_.run();
    }
    timers_.clear();
}

void Loop::turn(const std::function<void()>& tick) {
    double next = std::max(0.0, next_tick_ - now());
    if (!timers_.empty()) next = std::clamp(timers_.begin()->first - now(), 0.0, next);
    if (calls_.empty())
        clock_.sleep(next);
    else
        transport_.turn(next);
    fire_timers();
    if (now() < next_tick_) return;
    next_tick_ = now() + kTick;
    if (!stopping_ && stop_requested_()) stop();
    look_for_stalls();
    tick();
}

void Loop::fire_timers() {
    while (!timers_.empty() && timers_.begin()->first <= now()) {
        auto fn = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        fn();
    }
}

void Loop::look_for_stalls() {
    std::vector<net::RequestId> stalled;
    for (const auto& [id, call] : calls_)
        if (call->stalled(now())) stalled.push_back(id);
    for (auto id : stalled)
        abort(id, {.code = ErrorCode::network,
                   .message = "stalled: nothing came for too long",
                   .cause = net::kStalled});
}

void Loop::stop() {
    stopping_ = true;
    grace_until_ = now() + kGrace;
    while (!calls_.empty()) abort(calls_.begin()->first, interrupted());
    for (auto* fiber : sleepers_) wake(fiber);
}

}  // namespace mirrorctl::sync
