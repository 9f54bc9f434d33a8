// When waiting ends: for those who do not answer, for samples that can no longer matter, and for everybody
// when the node's own line is what is slow.
#include "base/strings.hpp"
#include "bench/course.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr double kStall = 2.0;           // seconds without a byte in the middle of a body
constexpr double kStallLate = 0.8;       // once the leader stands
constexpr double kFirstByte = 1.5;       // for the first byte of a sample
constexpr double kFirstByteLate = 0.6;   // once the leader stands
constexpr double kHopelessAfter = 0.12;  // a sample is looked at this long before it can be given up
constexpr double kLineTolerance = 1.05;

}  // namespace

// How long a candidate's silence may last.
double Course::allowed_silence(const Lane& lane, const Session& session) const {
    bool sample = session.step() == Session::Step::sample;
    bool late = lane.stands() && !confirming_.contains(&session);
    double rtt = session.phases().rtt;
    if (session.got_headers()) return late ? kStallLate : kStall;
    if (!sample) return lane.patience(budget_.seconds);
    return std::max({late ? kFirstByteLate : std::min(kFirstByte, std::max(lane.bar(), 0.5)), 5 * rtt,
                     2 * session.phases().blob});
}

Verdict Course::verdict_of_silence(const Session& session, double waited) const {
    auto so_far = format_bytes(static_cast<double>(session.received()));
    if (session.got_headers())
        return {.fault = Fault::stalled,
                .reason = cat("stopped sending in the middle of ", session.what(), ", after ", so_far)};
    if (session.step() == Session::Step::sample)
        return {.fault = Fault::timeout,
                .reason = cat("waits before it serves: no byte of the blob within ", format_duration(waited),
                              ", while others send at once")};
    return {.fault = Fault::timeout,
            .reason = cat("no answer within ", format_duration(waited), ", asking for ", session.what())};
}

// Ends what waits for a sign of life in vain.
bool Course::end_waits(Lane& lane) {
    bool any = false;
    double now = clock_.now();
    for (const auto& session : lane.sessions()) {
        if (!session->in_flight()) continue;
        double waited = now - session->waiting_since();
        if (waited <= allowed_silence(lane, *session)) continue;
        any = true;
        session->expire(transport_, verdict_of_silence(*session, waited));
    }
    return any;
}

// Ends samples whose best case is behind those that would be written.
bool Course::end_hopeless(Lane& lane) {
    bool any = false;
    double bar = lane.bar();
    for (const auto& session : lane.sessions()) {
        const auto* flow = session->live_flow();
        if (flow == nullptr || !session->got_headers() || flow->bytes() == 0) continue;
        bool long_enough = flow->duration() >= std::max(kHopelessAfter, 4 * session->phases().rtt);
        if (!long_enough || session->live_prediction().best <= bar) continue;
        session->cut_sample(transport_);
        any = true;
    }
    return any;
}

// Looks at all flows together: is the line what holds them back?
bool Course::watch_line() {
    double now = clock_.now();
    double total = 0;
    double top = 0;
    double sum = 0;
    int flows = 0;
    Session* only = nullptr;
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            total += static_cast<double>(session->bytes());
            const auto* flow = session->live_flow();
            if (flow == nullptr || !session->got_headers() || flow->bytes() == 0) continue;
            total += static_cast<double>(flow->bytes());
            double rate = flow->estimate(session->phases().rtt).rate;
            top = std::max(top, rate);
            sum += rate;
            only = session.get();
            ++flows;
        }
    }
    line_.watch(now, total, flows, sum > 0 ? top / sum : 1);
    if (flows != 1 || only != alone_) alone_since_ = now;
    alone_ = flows == 1 ? only : nullptr;
    mark_crowd(flows);
    return alone_ != nullptr && end_if_line_is_full();
}

void Course::mark_crowd(int flows) {
    bool pressed = line_.pressed(flows);
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions())
            if (session->sampling()) session->note_crowd(pressed);
}

bool Course::end_if_line_is_full() {
    double now = clock_.now();
    const auto* flow = alone_->live_flow();
    double window = std::min(now - alone_since_, 0.5);
    double rate = flow->rate_between(flow->last_arrival() - window, flow->last_arrival());
    if (!line_.filled_by(rate, now - alone_since_)) return false;
    line_full_ = true;
    alone_->cut_sample(transport_);
    alone_->set_confirmed();
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) session->bound(kLineTolerance * rate);
    return true;
}

}  // namespace mirrorctl::bench
