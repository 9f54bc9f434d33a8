#include "lab/connection.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::lab {
namespace {

constexpr std::int64_t kLargestWrite = 64 * 1024;
constexpr std::int64_t kSharedWrite = 8 * 1024;  // at a time, where others want to send too
constexpr std::int64_t kSmallestWrite = 1024;    // while a rate holds us back

std::string auth_kind(const HttpRequest& request) {
    const std::string value = lower(request.header("authorization"));
    return value.substr(0, value.find(' '));
}

double own_rate(const Site& site) {
    return site.mirror ? site.mirror->rate : 0;
}
double round_trip(const Site& site) {
    return site.mirror ? site.mirror->rtt : 0;
}

}  // namespace

Connection::Connection(int fd, std::uint64_t id, Site& site, Lab& lab)
    : channel_(fd, site.tls), site_(site), lab_(lab), own_(own_rate(site)), ramp_(round_trip(site)) {
    access_.mirror = site.name;
    access_.connection = id;
}

Connection::~Connection() {
    if (phase_ != Phase::finished) finish("dropped");
}

void Connection::advance(double now) {
    if (now_ == 0 && site_.mirror) wake_at_ = now + site_.mirror->connect_delay + site_.mirror->rtt;
    now_ = now;
    Step step = Step::on;
    while (step == Step::on) {
        wants_write_ = false;
        switch (phase_) {
            case Phase::hold:
                step = hold(now);
                break;
            case Phase::handshake:
                step = handshake();
                break;
            case Phase::reading:
                step = reading(now);
                break;
            case Phase::waiting:
                step = waiting(now);
                break;
            case Phase::head:
                step = send_head();
                break;
            case Phase::body:
                step = send_body(now);
                break;
            case Phase::frozen:
            case Phase::finished:
                step = Step::pause;
                break;
        }
    }
}

Connection::Step Connection::hold(double now) {
    if (now < wake_at_) return Step::pause;
    wake_at_ = kNever;
    const bool mute = site_.mirror && has_fault(site_.mirror->faults, FaultKind::tarpit);
    phase_ = mute ? Phase::frozen : Phase::handshake;
    return Step::on;
}

Connection::Step Connection::handshake() {
    const Io io = channel_.handshake();
    if (io == Io::again) return Step::pause;
    if (io == Io::closed) {
        finish("closed");
    } else {
        phase_ = Phase::reading;
    }
    return Step::on;
}

Connection::Step Connection::reading(double now) {
    if (auto request = take_request(in_)) {
        begin(*request, now);
        return Step::on;
    }
    const Io io = channel_.read(in_);
    if (io == Io::again) return Step::pause;
    if (io == Io::closed) finish("closed");
    return Step::on;
}

void Connection::begin(const HttpRequest& request, double now) {
    answering_ = true;
    asked_at_ = now;
    ++answers_;
    access_.method = request.method;
    access_.target = request.target;
    access_.range = request.header("range");
    access_.auth = auth_kind(request);
    access_.agent = request.header("user-agent");
    access_.bytes = 0;
    sent_ = 0;
    if (request.method.empty()) {
        reply_ = error_reply(400, "UNSUPPORTED", "not HTTP/1.1");
    } else {
        reply_ = site_.mirror ? respond({lab_.world, *site_.mirror, request}, site_.memory)
                              : respond_token(lab_.world, request);
    }
    close_after_ = !request.keep_alive || request.method.empty() || reply_.ending != Ending::complete;
    if (reply_.head_only) reply_.length = 0;
    throttled_ = Bucket(reply_.rate_after_burst);
    access_.status = reply_.status;
    const double latency = site_.mirror ? site_.mirror->latency + site_.mirror->rtt : 0;
    wake_at_ = now + latency + reply_.delay;
    phase_ = Phase::waiting;
}

Connection::Step Connection::waiting(double now) {
    if (now < wake_at_) return Step::pause;
    wake_at_ = kNever;
    if (reply_.silent) {
        access_.status = 0;
        finish("dropped");
        return Step::on;
    }
    out_ = reply_.raw.empty() ? head_text() : reply_.raw;
    out_at_ = 0;
    phase_ = Phase::head;
    return Step::on;
}

std::string Connection::head_text() const {
    std::string out = cat("HTTP/1.1 ", reply_.status, " ", reason_of(reply_.status), "\r\n");
    for (const auto& [name, value] : reply_.headers) out += cat(name, ": ", value, "\r\n");
    if (reply_.endless_headers) return out;
    if (reply_.declared) out += cat("Content-Length: ", *reply_.declared, "\r\n");
    if (close_after_) out += "Connection: close\r\n";
    return out + "\r\n";
}

Connection::Step Connection::send_head() {
    std::span<const char> rest(out_.data() + out_at_, out_.size() - out_at_);
    const std::size_t before = rest.size();
    const Io io = channel_.write(rest);
    out_at_ += before - rest.size();
    if (io == Io::closed) {
        finish("closed");
    } else if (io == Io::again) {
        wants_write_ = true;
        return Step::pause;
    } else if (rest.empty() && reply_.endless_headers) {
        out_.clear();
        for (int i = 0; i < 200; ++i) out_ += cat("X-Filler-", i, ": ", std::string(64, 'x'), "\r\n");
        out_at_ = 0;
    } else if (rest.empty() && !reply_.raw.empty()) {
        finish("dropped");
    } else if (rest.empty()) {
        phase_ = Phase::body;
    }
    return Step::on;
}

std::int64_t Connection::allowance(double now, std::int64_t wanted) {
    const bool past_burst = reply_.rate_after_burst > 0 && sent_ >= reply_.burst;
    std::int64_t n = std::min(wanted, shares_a_link() ? kSharedWrite : kLargestWrite);
    if (!past_burst && reply_.rate_after_burst > 0) n = std::min(n, reply_.burst - sent_);
    const std::int64_t least = std::min(n, kSmallestWrite);
    double when = now;
    auto limit = [&](Bucket& bucket) {
        const std::int64_t free = bucket.available(now);
        if (free < least) when = std::max(when, bucket.time_for(least, now));
        n = std::min(n, free);
    };
    limit(own_);
    limit(site_.shared);
    limit(lab_.access);
    if (past_burst) limit(throttled_);
    const std::int64_t window = ramp_.available(now);
    if (window == 0) when = std::max(when, ramp_.next_round());
    n = std::min(n, window);
    if (when > now) {
        wake_at_ = when;
        return 0;
    }
    lately_ = sent_lately(now) + static_cast<double>(n);
    lately_at_ = now;
    own_.take(n);
    site_.shared.take(n);
    lab_.access.take(n);
    if (past_burst) throttled_.take(n);
    ramp_.take(n);
    return n;
}

Connection::Step Connection::send_body(double now) {
    const bool cut = reply_.ending == Ending::reset || reply_.ending == Ending::stall;
    const std::int64_t end = cut ? std::min(reply_.length, reply_.ends_after) : reply_.length;
    if (out_at_ == out_.size()) {
        if (sent_ >= end) {
            end_answer();
            return Step::on;
        }
        const std::int64_t n = allowance(now, end - sent_);
        if (n == 0) return Step::pause;
        out_.resize(static_cast<std::size_t>(n));
        reply_.body->read(reply_.offset + sent_, out_);
        out_at_ = 0;
        sent_ += n;
    }
    wake_at_ = kNever;
    std::span<const char> rest(out_.data() + out_at_, out_.size() - out_at_);
    const std::size_t before = rest.size();
    const Io io = channel_.write(rest);
    out_at_ += before - rest.size();
    access_.bytes += static_cast<std::int64_t>(before - rest.size());
    if (io == Io::again) {
        wants_write_ = true;
        return Step::pause;
    }
    if (io == Io::closed) finish("closed");
    if (finished() || !shares_a_link() || sent_ >= end) return Step::on;
    wake_at_ = now;  // the others' turn
    return Step::pause;
}

double Connection::sent_lately(double now) const {
    return lately_ * std::exp2((lately_at_ - now) / 0.1);
}

void Connection::end_answer() {
    out_.clear();
    out_at_ = 0;
    if (reply_.ending == Ending::stall && !reply_.head_only) return freeze();
    if (reply_.ending == Ending::reset && !reply_.head_only) return reset();
    if (close_after_) return finish("complete");
    record("complete");
    phase_ = Phase::reading;
}

void Connection::record(std::string_view how) {
    access_.seconds = answering_ ? now_ - asked_at_ : 0;
    access_.ended = how;
    lab_.log.add(access_);
    answering_ = false;
}

void Connection::finish(std::string_view how) {
    if (phase_ == Phase::finished) return;
    // A connection that only idled after its answers has nothing more to tell.
    if (answering_ || answers_ == 0) record(how);
    phase_ = Phase::finished;
    wake_at_ = kNever;
}

void Connection::hang_up() {
    finish("closed");
}

void Connection::freeze() {
    phase_ = Phase::frozen;
    wake_at_ = kNever;
    wants_write_ = false;
}

void Connection::reset() {
    channel_.reset_on_close();
    finish("reset");
}

}  // namespace mirrorctl::lab
