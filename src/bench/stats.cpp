#include "bench/stats.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::bench {

namespace {

constexpr std::size_t kMaxPoints = 512;
constexpr double kShortest = 0.0005;  // seconds; below, a rate is noise of the scheduler
constexpr double kShortSlice = 0.02;  // seconds; finer pictures of a flow show the scheduler
constexpr double kShortLook = 0.1;    // seconds; below, a fall of the rate is noise too, no throttle
constexpr double kGrowth = 1.25;      // a flow that gained this much in one RTT is still in slow start
constexpr double kTripsOfGrowth = 4;
constexpr double kGrowthHeadroom = 6.0;  // what a growing flow may still reach, as a factor,
constexpr double kGrowthRounds = 8;      // and early on: as if it grew for so many round trips
constexpr double kBurstHeadroom = 1.3;   // a short peak above the mean is not believed
constexpr double kTick = 1.1;            // seconds
constexpr double kThrottle = 0.5;
constexpr double kSilence = 0.05;      // seconds without a byte that may be a lost packet,
constexpr double kMostlyUnread = 0.5;  // of a silence
constexpr double kMoreThanTrip = 1.5;  // and longer than between the flights of slow start, in round trips,
constexpr double kNearlyTrip = 0.9;    // or behind bytes that came all through a round trip
constexpr double kLostTrips = 2;     // a retransmission needs a round trip, and another if that is lost, too,
constexpr double kQueues = 0.5;      // behind what the queues on the way hold, in seconds
constexpr double kAfterLoss = 0.03;  // seconds, beside a round trip, until all that waited is in
constexpr double kAfterPause = 0.01;  // seconds until all that came while nobody read is in
constexpr double kPaceSeconds = 1.0;
constexpr std::ptrdiff_t kPauses = 3;
constexpr double kTail = 0.1;  // seconds at the end of a flow that show that it falls
constexpr double kAgree = 0.15;
constexpr std::size_t kMostSilences = 16;
constexpr std::int64_t kThrottleEvidence = 64 * 1024;  // bytes before a fall counts as a throttle

// What a flow in slow start reaches at least after `span` seconds: it began with ten segments (RFC 6928) and
// doubled with every round trip (RFC 5681, section 3.1), the last one not counted. What is slower than a part
// of that is not held back by slow start.
double slow_start_rate(double span, double rtt) {
    constexpr double kPart = 0.2;
    double rounds = std::min(span / rtt - 1, 20.0);
    return kPart * kInitialWindow * std::exp2(rounds) / rtt;
}

}  // namespace

void FlowMeter::begin(double at) {
    if (!points_.empty()) return;
    first_ = last_ = at;
    points_.push_back({at, 0});
}

void FlowMeter::add(double at, std::int64_t bytes, double unread) {
    begin(at);
    at = std::max(at, last_);
    double flowed = last_ - (silences_.empty() ? first_ : silences_.back().to);
    bool ours = at - last_ >= kAfterPause && unread >= kMostlyUnread * (at - last_);
    if (total_ > 0 && (ours || at - last_ >= kSilence)) silences_.push_back({last_, at, flowed, ours});
    if (silences_.size() > kMostSilences) silences_.pop_front();
    total_ += bytes;
    last_ = at;
    if (points_.size() > 1 && at - points_[points_.size() - 2].at < grain_) {
        points_.back() = {at, total_};
        return;
    }
    points_.push_back({at, total_});
    if (points_.size() < kMaxPoints) return;
    for (std::size_t i = 1; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize(points_.size() / 2);
    points_.push_back({at, total_});
    grain_ *= 2;
}

double FlowMeter::bytes_at(double at) const {
    if (points_.empty() || at <= points_.front().at) return 0;
    if (at >= points_.back().at) return static_cast<double>(total_);
    auto after = std::upper_bound(points_.begin(), points_.end(), at,
                                  [](double t, const Point& p) { return t < p.at; });
    auto before = after - 1;
    double share = (at - before->at) / std::max(after->at - before->at, 1e-9);
    return static_cast<double>(before->total) + share * static_cast<double>(after->total - before->total);
}

double FlowMeter::rate_between(double from, double to) const {
    from = std::max(from, first_);
    return (bytes_at(to) - bytes_at(from)) / std::max(to - from, kShortest);
}

std::vector<std::pair<double, double>> FlowMeter::series(std::size_t most) const {
    std::vector<std::pair<double, double>> out;
    double step = std::max(duration() / static_cast<double>(most), kShortSlice);
    for (double from = first_; from + step <= last_ + 1e-9; from += step)
        out.emplace_back(from + step - first_, rate_between(from, from + step));
    if (out.size() > most) out.resize(most);
    return out;
}

bool FlowMeter::like_a_loss(const Silence& silence, double rtt) {
    if (silence.ours) return false;
    double seconds = silence.to - silence.from;
    bool longer = seconds >= kMoreThanTrip * rtt || (seconds >= kNearlyTrip * rtt && silence.after >= rtt);
    return longer && seconds <= kLostTrips * rtt + kQueues;
}

// Packets are lost now and then; a server that paces itself pauses all the time.
bool FlowMeter::paces_itself(double rtt) const {
    auto lately = std::count_if(silences_.begin(), silences_.end(), [&](const Silence& silence) {
        return silence.to > last_ - kPaceSeconds && like_a_loss(silence, rtt);
    });
    return lately >= kPauses;
}

bool FlowMeter::caught_up(double since, double rtt) const {
    return !silences_.empty() && silences_.back().to > since && like_a_loss(silences_.back(), rtt) &&
           !paces_itself(rtt);
}

// The last moment up to which nothing waits behind a lost packet, or to be read.
double FlowMeter::settled_end(double rtt) const {
    double end = last_;
    if (paces_itself(rtt)) return end;
    for (auto it = silences_.rbegin(); it != silences_.rend(); ++it) {
        bool follows = end - it->to <= (it->ours ? kAfterPause : rtt + kAfterLoss);
        if (!follows || !(it->ours || like_a_loss(*it, rtt))) break;
        if (last_ - it->from > kLostTrips * rtt + kQueues + kAfterLoss) break;
        end = it->from;
    }
    return end;
}

// What came after a silence belongs to its time, too: a window over one begins before it.
double FlowMeter::beside_silence(double at, double rtt) const {
    for (auto it = silences_.rbegin(); it != silences_.rend(); ++it)
        if (it->from < at && at < it->to + rtt && like_a_loss(*it, rtt)) at = it->from;
    return at;
}

bool FlowMeter::silent_since(double at, double end, double rtt) const {
    return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
        return silence.to > at && silence.from < end && like_a_loss(silence, rtt);
    });
}

bool FlowMeter::grows(double span, double end, double rtt) const {
    double step = std::min(rtt, span / 4);
    double newest = rate_between(end - 2 * step, end);
    double older = rate_between(end - 4 * step, end - 2 * step);
    return newest > kGrowth * older && newest >= slow_start_rate(span, rtt) &&
           !silent_since(end - 4 * step, end, rtt);
}

Estimate FlowMeter::estimate(double rtt) const {
    Estimate out;
    if (total_ <= 0) return out;
    rtt = rtt > 0 ? rtt : 0.05;
    double end = settled_end(rtt);
    out.settled = end == last_;
    // The first flights alone are no speed, and what is lost among them says nothing about later ones.
    bool only_begun = !out.settled && end - first_ < std::max(kShortLook, rtt);
    if (only_begun) end = last_;
    double span = std::max(end - first_, kShortest);
    double window = std::min(std::max({2.5 * rtt, 0.06, span / 4}), span / 2);
    double recent = rate_between(beside_silence(end - window, rtt), end);
    double middle = beside_silence(first_ + span / 2, rtt);
    double late = rate_between(middle, end);
    double early = rate_between(first_, middle);
    out.growing = only_begun || (recent > late * 0.9 && grows(span, end, rtt));
    out.rate = std::min(recent, kBurstHeadroom * late);
    // The last round trip of slow start brings as much as all before: the next one brings no less.
    if (out.growing && !only_begun && rtt >= kLongWay && span >= kTripsOfGrowth * rtt)
        out.rate = std::max(out.rate, rate_between(end - rtt, end));
    out.watched = span;
    bool short_look = span < kShortLook;
    if (short_look) {
        late = std::max(late, bytes_at(end) / span);
        out.rate = std::max(out.rate, late);
    }
    if (only_begun) out.rate = std::max(out.rate, bytes_at(end) / span);
    out.throttled = !short_look && !only_begun && out.rate < kThrottle * early &&
                    bytes_at(middle) > static_cast<double>(kThrottleEvidence);
    if (out.throttled) {
        out.first_rate = early;
        out.burst_bytes = static_cast<std::int64_t>(bytes_at(middle));
    }
    // A short look deserves less trust: the interval shrinks with the number of round trips and the time
    // watched.
    double doubt = std::clamp(0.4 / std::sqrt(1 + span / std::max(rtt, 0.02)), 0.04, 0.35);
    out.low = (out.growing ? out.rate : std::min(out.rate, late)) * (1 - doubt);
    if (!out.settled) out.low = std::min(out.low, static_cast<double>(total_) / (last_ - first_));
    double tail = rate_between(beside_silence(end - std::max(2.5 * rtt, kTail), rtt), end);
    if (!short_look && tail < kThrottle * out.rate) {
        out.settled = false;
        out.low = std::min(out.low, tail);
    }
    double growth = std::clamp(std::exp2(kGrowthRounds - span / rtt), kGrowthHeadroom, 64.0);
    out.high = out.rate * (out.growing ? growth : 1 + doubt);
    // nginx's limit_rate counts whole seconds: it sends a second's worth at once, and then nothing until the
    // next one begins (ngx_http_write_filter_module.c). A shorter look sees only the pause.
    if (out.throttled && span < kTick) out.high = std::max(out.high, static_cast<double>(total_) / kTick);
    return out;
}

Estimate combine(const Estimate& first, const Estimate& second, double weight_of_second) {
    if (!first.known()) return second;
    if (!second.known()) return first;
    Estimate out = second;
    // Falling from one sample to the next is a throttle, too: only the later rate is sustained.
    // A second look that is still in slow start says nothing against the first one.
    if (second.growing && second.rate < first.rate) {
        out.rate = first.rate;
        out.low = first.low;
        out.high = std::max(first.high, second.high);
        return out;
    }
    if (second.rate < kThrottle * first.rate && second.watched < kShortLook) return first;
    if (second.rate < kThrottle * first.rate) {
        out.throttled = true;
        out.first_rate = std::max(first.rate, first.first_rate);
        out.low = std::min(out.low, second.rate);
        return out;
    }
    double weight = std::clamp(weight_of_second, 0.0, 1.0);
    // A flow that was growing in the first look is better described by the second.
    if (first.growing) weight = 1;
    out.rate = first.rate * (1 - weight) + second.rate * weight;
    // Looks that agree make each other surer, but not of what may be one burst.
    bool agree = std::abs(second.rate - first.rate) <= kAgree * first.rate &&
                 first.watched + second.watched >= kPaceSeconds;
    out.low =
        agree ? std::max(first.low, second.low) : std::max(std::min(first.low, second.low), out.rate * 0.5);
    if (first.growing) out.low = second.low;
    out.high = std::max(out.rate * 1.05, std::min(first.high, second.high));
    return out;
}

}  // namespace mirrorctl::bench
