// When waiting ends: for those who do not answer, for samples that can no longer matter, and for everybody
// when the node's own line is what is slow.
#include "base/strings.hpp"
#include "bench/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr double kStall = 2.0;           // seconds without a byte in the middle of a body
constexpr double kStallLate = 0.8;       // once there are enough
constexpr double kFirstByte = 1.5;       // for the first byte of a sample
constexpr double kFirstByteLate = 0.6;   // once there are enough
constexpr double kHopelessAfter = 0.12;  // a sample is looked at this long before it can be given up
constexpr double kLongestGap = 0.3;
constexpr double kShortestTrip = 0.005;
constexpr double kOfSlowStart = 0.5;
constexpr double kPlainlySlower = 1.3;
constexpr double kEnoughBehind = 1.5;  // with few mirrors, too, the last ones need not be read to the end
constexpr double kEndOfBurst = 0.2;
constexpr double kLookEvery = 0.01;  // seconds between looks at the line and at hopeless flows
constexpr double kUnfair = 2.5;
constexpr double kTripsToBegin = 3;
constexpr double kFairShare = 0.7;
constexpr double kNoNearer = 2;

}  // namespace

// How long a candidate's silence may last.
double Course::allowed_silence(const Lane& lane, const Session& session) const {
    bool again = session.step() == Session::Step::again;
    bool blob = again || session.step() == Session::Step::sample;
    bool late = lane.enough() && !again && !confirming_.contains(&session);
    double rtt = session.phases().rtt;
    if (session.got_headers()) return late ? kStallLate : kStall;
    if (!blob) return lane.patience(budget_.seconds);
    if (session.patience() >= 0) return session.patience();
    return std::max({late ? kFirstByteLate : std::min(kFirstByte, std::max(lane.bar(), 0.5)), 5 * rtt,
                     2 * session.phases().blob});
}

// It would be waited for longer, had the run the budget of its profile.
bool Course::is_hasty(const Lane& lane, const Session& session) const {
    bool blob = session.step() == Session::Step::again || session.step() == Session::Step::sample;
    return !blob && !session.got_headers() &&
           lane.patience(budget_.seconds) < lane.patience(spec_.profile.policy.budget.seconds);
}

Verdict Course::verdict_of_silence(const Session& session, double waited) const {
    auto so_far = format_bytes(static_cast<double>(session.received()));
    if (session.got_headers())
        return {.fault = Fault::stalled,
                .reason = cat("stopped sending in the middle of ", session.what(), ", after ", so_far)};
    if (session.step() == Session::Step::sample)
        return {.fault = Fault::timeout,
                .reason = cat("waits before it serves: no first byte of ",
                              session.patience() < 0 ? "the blob" : "its smallest layer", " within ",
                              format_duration(waited), ", while others send at once")};
    return {.fault = Fault::timeout,
            .reason = cat("no answer within ", format_duration(waited), ", asking for ", session.what())};
}

// It sends, but the answers that lead to a layer take longer than it could win with.
bool Course::drips(const Lane& lane, const Session& session, double seconds) const {
    bool layer = session.sampling() || session.step() == Session::Step::again;
    return !layer && session.got_headers() && lane.enough() && seconds > lane.patience(budget_.seconds);
}

// Ends what waits for a sign of life in vain.
bool Course::end_waits(Lane& lane) {
    bool any = false;
    double now = clock_.now();
    for (const auto& session : lane.sessions()) {
        if (!session->in_flight()) continue;
        double waited = now - session->waiting_since();
        double lasts = now - session->launched_at();
        bool silent = waited > allowed_silence(lane, *session);
        if (!silent && !drips(lane, *session, lasts)) continue;
        any = true;
        auto verdict = silent ? verdict_of_silence(*session, waited)
                              : Verdict{.fault = Fault::stalled,
                                        .reason = cat("needs more than ", format_duration(lasts), " for ",
                                                      session->what())};
        if (is_hasty(lane, *session)) {
            lane.note_haste();
            verdict.fault = Fault::budget;
            verdict.reason += cat("; the budget of ", format_duration(budget_.seconds), " allows no more");
        }
        session->expire(transport_, std::move(verdict));
    }
    return any;
}

// Once the leader stands: a flow that is slow and does not double with every round trip, as one in slow start
// does (RFC 5681, section 3.1), has shown what it can.
bool Course::cannot_win(const Lane& lane, const Session& session) const {
    double rtt = std::max(session.trip(), kShortestTrip);
    double span = session.live_flow()->duration();
    if (!lane.stands() || confirming_.contains(&session) || span < std::max(kHopelessAfter, 2 * rtt))
        return false;
    double doubled = kOfSlowStart * kInitialWindow * (std::exp2(std::min(std::floor(span / rtt), 30.0)) - 1);
    return static_cast<double>(session.live_flow()->bytes()) < doubled &&
           session.live_prediction().expected > kPlainlySlower * lane.bar();
}

// What a sample's best case must not be behind. A second look is given up only for one that is proven, or
// when it shows what a first look did not.
double Course::bar_of(const Lane& lane, const Session& session) const {
    bool second = confirming_.contains(&session);
    double bar =
        second && !session.live_estimate().throttled ? std::numeric_limits<double>::infinity() : lane.bar();
    if (!lane.stands() || lane.leader() == &session) return bar;
    return std::min(bar, lane.leader()->judged() * (second ? 1 : kEnoughBehind));
}

// Ends samples whose best case is behind those that would be written.
bool Course::end_hopeless(Lane& lane) {
    bool any = false;
    if (!looks_) return false;
    double now = clock_.now();
    for (const auto& session : lane.sessions()) {
        const auto* flow = session->live_flow();
        if (flow == nullptr || !session->got_headers() || flow->bytes() == 0) continue;
        double rtt = session->trip();
        bool second = confirming_.contains(session.get());
        if (second && session.get() != tries_line_ && !reads_on_.contains(session.get()))
            session->settle_for(second_look(*session, lane));
        double bar = bar_of(lane, *session);
        bool hopeless =
            flow->duration() >= std::max(kHopelessAfter, 4 * rtt) && session->live_prediction().best > bar;
        auto& since = hopeless_since_[session.get()];
        if (!hopeless) since = now;
        // The bytes of a round trip may come in one burst, with nothing before and behind it; and a second
        // look goes on until it is plain that it was a burst that ended.
        double certain = second ? kEndOfBurst : std::min(rtt, kLongestGap);
        // Who reads on and falls goes on until it is plain how far.
        if (reads_on_.contains(session.get()) && !session->live_estimate().settled) since = now;
        bool late = !second && lane.comes_too_late(*session);
        bool lost = late || cannot_win(lane, *session);
        if (!lost && (!hopeless || now - since < certain)) continue;
        end_early(*session);
        if (lost) session->close();  // as who was not looked at yet
        any = true;
    }
    return any;
}

// It may carry more soon: in slow start, or on a long way from which nothing has come yet.
bool Course::still_grows(const Session& session) const {
    if (!session.sampling()) return false;
    double rtt = session.phases().rtt;
    if (session.live_flow()->bytes() == 0)
        return rtt >= kLongWay && clock_.now() - session.launched_at() < kTripsToBegin * rtt;
    return session.live_estimate().growing;
}

// Looks at all flows together: is the line what holds them back?
bool Course::watch_line() {
    double now = clock_.now();
    auto idle = [](const Session* session) {
        return session != nullptr && !session->in_flight() && !session->wants();
    };
    looks_ = idle(tries_line_) || idle(fills_line_) || now - looked_at_line_ >= kLookEvery;
    if (!looks_) return false;
    looked_at_line_ = now;
    double total = 0;
    Line::Traffic traffic;
    std::vector<Flow> flows;
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            total += static_cast<double>(session->sampled_bytes());
            const auto* flow = session->live_flow();
            traffic.grows = traffic.grows || still_grows(*session);
            if (flow == nullptr || !session->got_headers() || flow->bytes() == 0) continue;
            total += static_cast<double>(flow->bytes());
            // The flights of a long way's slow start look like losses.
            double rtt = session->phases().rtt;
            bool caught_up = rtt < kLongWay && flow->caught_up(now - kMoment, rtt);
            traffic.caught_up = traffic.caught_up || caught_up;
            flows.push_back({session.get(), session->rate_lately(now, kMoment)});
        }
    }
    std::sort(flows.begin(), flows.end(), [](const Flow& a, const Flow& b) { return a.rate > b.rate; });
    double sum = 0;
    for (const auto& flow : flows) sum += flow.rate;
    traffic.flows = static_cast<int>(flows.size());
    traffic.top_share = sum > 0 ? flows[0].rate / sum : 1;
    line_.watch(now, total, traffic);
    around_.line_peak = line_.peak();
    around_.line_narrow = narrow() && (had_line_.empty() || in_turns());
    mark_crowd(flows);
    Session* only = flows.size() == 1 ? flows[0].session : nullptr;
    if (only == nullptr || only != alone_) alone_since_ = now;
    alone_ = only;
    if (alone_ != nullptr && end_if_line_is_full()) return true;
    return try_line();
}

// Flows that share a full line get similar shares, the nearer ones more. One that gets far less than another
// that is no nearer is held back by something else.
void Course::mark_crowd(const std::vector<Flow>& flows) {
    double total = 0;
    for (const auto& flow : flows) total += flow.rate;
    for (const auto& flow : flows) {
        const auto& top = flows.front();
        bool held_back = top.rate > kUnfair * flow.rate &&
                         flow.session->phases().rtt <= kNoNearer * top.session->phases().rtt;
        bool fair =
            flows.size() >= kSeveral && flow.rate >= kFairShare * total / static_cast<double>(flows.size());
        bool full = line_.rate() >= kFullLine * line_.peak();
        flow.session->note_company({.others = flows.size() > 1, .fair = fair, .full_line = full});
        flow.session->note_crowd(flows.size() > 1 && (!held_back || narrow()) ? line_.rate() : 0);
    }
}

}  // namespace mirrorctl::bench
