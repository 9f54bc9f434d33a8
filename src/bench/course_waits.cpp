// When waiting ends: for those who do not answer, for samples that can no longer matter, and for everybody
// when the node's own line is what is slow.
#include "base/strings.hpp"
#include "bench/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr double kStall = 2.0;            // seconds without a byte in the middle of a body
constexpr double kStallLate = 0.8;        // once there are enough
constexpr double kFirstByte = 1.5;        // for the first byte of a sample
constexpr double kFirstByteLate = 0.6;    // once there are enough
constexpr double kFirstByteOfTurn = 0.2;  // of who has the line for itself
constexpr double kHopelessAfter = 0.12;   // a sample is looked at this long before it can be given up
constexpr double kLineTolerance = 1.05;
constexpr double kLongestGap = 0.3;
constexpr double kShortestTrip = 0.005;
constexpr double kInitialWindow = 10 * 1460.0;  // RFC 6928
constexpr double kHalf = 0.5;
constexpr double kPlainlySlower = 1.3;
constexpr double kEnoughBehind = 1.5;  // with few mirrors, too, the last ones need not be read to the end
constexpr double kEndOfBurst = 0.2;
constexpr double kThinAfter = 0.3;  // seconds of samples until a line may be called narrow
constexpr double kLineTry = 0.22;   // seconds that one flow gets to fill it,
constexpr double kTripsOfTry = 4;   // or so many round trips
constexpr int kSeveral = 3;         // flows
constexpr std::size_t kTurns = 14;
constexpr std::size_t kTurnsToSee = 4;
constexpr double kGain = 1.2;
constexpr int kWitnesses = 3;
constexpr double kFarFromFull = 0.4;  // of the peak: the line carries more than any of them sends
constexpr double kAlone = 0.18;       // seconds for a flow to take what others left
constexpr double kSameRate = 0.07;
constexpr double kNearPeak = 0.88;
constexpr double kPlainlyBehind = 1.1;
constexpr double kShareOfTime = 0.45;  // of the budget goes to turns
constexpr double kSomeShare = 0.25;    // of the line: more than many a one that was not looked at yet
constexpr std::int64_t kAloneMost = 1LL << 20U;
constexpr double kLookEvery = 0.01;  // seconds between looks at the line and at hopeless flows
constexpr double kMoment = 0.2;      // seconds over which flows are compared
constexpr double kUnfair = 2.5;
constexpr double kNoNearer = 2;

}  // namespace

// How long a candidate's silence may last.
double Course::allowed_silence(const Lane& lane, const Session& session) const {
    bool sample = session.step() == Session::Step::sample;
    bool late = lane.enough() && !confirming_.contains(&session);
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
                .reason = cat("waits before it serves: no first byte of the blob within ",
                              format_duration(waited), ", while others send at once")};
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

// Once the leader stands: a flow that is slow and does not double with every round trip, as one in slow start
// does (RFC 5681, section 3.1), has shown what it can.
bool Course::cannot_win(const Lane& lane, const Session& session) const {
    double rtt = std::max(session.phases().rtt, kShortestTrip);
    double span = session.live_flow()->duration();
    if (!lane.stands() || confirming_.contains(&session) || span < std::max(kHopelessAfter, 2 * rtt))
        return false;
    double doubled = kHalf * kInitialWindow * (std::exp2(std::min(std::floor(span / rtt), 30.0)) - 1);
    return static_cast<double>(session.live_flow()->bytes()) < doubled &&
           session.live_prediction().expected > kPlainlySlower * lane.bar();
}

// What a sample's best case must not be behind. A second look is given up only for one that is proven, or
// when it shows what a first look did not.
double Course::bar_of(const Lane& lane, const Session& session) const {
    bool second = confirming_.contains(&session);
    double bar =
        second && !session.live_estimate().throttled ? std::numeric_limits<double>::infinity() : lane.bar();
    if (!lane.stands()) return bar;
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
        double rtt = session->phases().rtt;
        bool second = confirming_.contains(session.get());
        if (second && session.get() != tries_line_) session->settle_for(second_look(*session, lane));
        double bar = bar_of(lane, *session);
        bool hopeless =
            flow->duration() >= std::max(kHopelessAfter, 4 * rtt) && session->live_prediction().best > bar;
        auto& since = hopeless_since_[session.get()];
        if (!hopeless) since = now;
        // The bytes of a round trip may come in one burst, with nothing before and behind it; and a second
        // look goes on until it is plain that it was a burst that ended.
        double certain = second ? kEndOfBurst : std::min(rtt, kLongestGap);
        bool late = !second && lane.comes_too_late(*session);
        if (!late && (!hopeless || now - since < certain) && !cannot_win(lane, *session)) continue;
        session->cut_sample(transport_);
        any = true;
    }
    return any;
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
    std::vector<Flow> flows;
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            total += static_cast<double>(session->sampled_bytes());
            const auto* flow = session->live_flow();
            if (flow == nullptr || !session->got_headers() || flow->bytes() == 0) continue;
            total += static_cast<double>(flow->bytes());
            flows.push_back({session.get(), session->rate_lately(now, kMoment)});
        }
    }
    std::sort(flows.begin(), flows.end(), [](const Flow& a, const Flow& b) { return a.rate > b.rate; });
    double sum = 0;
    for (const auto& flow : flows) sum += flow.rate;
    line_.watch(now, total, static_cast<int>(flows.size()), sum > 0 ? flows[0].rate / sum : 1);
    around_.line_peak = line_.peak();
    around_.line_narrow = line_.narrow() && (had_line_.empty() || in_turns());
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
    for (const auto& flow : flows) {
        const auto& top = flows.front();
        bool held_back = top.rate > kUnfair * flow.rate &&
                         flow.session->phases().rtt <= kNoNearer * top.session->phases().rtt;
        flow.session->note_crowd(flows.size() > 1 && (!held_back || line_.narrow()) ? line_.rate() : 0);
    }
}

// On a narrow line many flows only show how they share it, and what a new one loses at a full queue may
// hold it up for longer than it is looked at. There, one after another gets the line for itself for a
// moment: if two different ones fill it, nobody can do better.
bool Course::try_line() {
    double now = clock_.now();
    bool ended = tries_line_ != nullptr && end_turn();
    ended = settle_full_line() || ended;
    if (tries_line_ != nullptr || fills_line_ != nullptr) return ended;
    if (transfers() < kSeveral) flows_since_ = now;
    auto* next = takes_turns() ? next_turn() : nullptr;
    bool tired = had_line_.size() >= kTurns || left() < (1 - kShareOfTime) * budget_.seconds;
    if (!had_line_.empty() && line_.peak() < kThinLine && tired) close_what_cannot_win();
    if (next == nullptr || !begin_alone(*next)) return ended;
    line_tried_at_ = now;
    beside_others_ = next->estimate().growing || !next->estimate().settled ? -1 : next->estimate().rate;
    tries_line_ = next;
    had_line_.insert(next);
    return true;
}

bool Course::end_turn() {
    const auto* flow = tries_line_->live_flow();
    bool ended = !tries_line_->in_flight() && !tries_line_->wants();
    double turn = std::max(kLineTry, kTripsOfTry * tries_line_->phases().rtt);
    double longest = tries_line_->got_headers()
                         ? 3 * turn
                         : turn + std::max(kFirstByteOfTurn, 2 * tries_line_->phases().blob);
    bool late = clock_.now() - line_tried_at_ > longest;
    bool behind = flow != nullptr && flow->bytes() > 0 && flow->duration() >= turn / 2 &&
                  tries_line_->live_prediction().best > kPlainlyBehind * best_alone();
    if (!ended && !late && !behind) return false;
    if (flow != nullptr && flow->bytes() == 0)
        tries_line_->step_back(transport_);
    else
        tries_line_->cut_sample(transport_);
    note_gain(tries_line_->estimate().rate);
    tries_line_ = nullptr;
    return true;
}

// Who gets no more alone than beside others was not held back by the line.
void Course::note_gain(double alone) {
    if (beside_others_ <= 0) return;
    bool gains = alone > kGain * beside_others_;
    gained_ += gains ? 1 : 0;
    gained_nothing_ += gains ? 0 : 1;
}

bool Course::line_is_free() const {
    return gained_ == 0 && gained_nothing_ >= kWitnesses;
}

// Once begun, it goes on until all that promise something had their turn.
bool Course::takes_turns() const {
    double now = clock_.now();
    if (!line_.narrow() || line_is_free() || around_.line_full > 0 || had_line_.size() >= kTurns ||
        left() < (1 - kShareOfTime) * budget_.seconds)
        return false;
    if (had_line_.empty()) return now - flows_since_ >= kThinAfter;
    return had_line_.size() < kTurnsToSee || fastest_alone() >= kFarFromFull * line_.peak();
}

double Course::fastest_alone() const {
    double best = 0;
    for (const auto* session : had_line_) best = std::max(best, session->estimate().rate);
    return best;
}

bool Course::in_turns() const {
    return tries_line_ != nullptr || (!had_line_.empty() && takes_turns() && next_turn() != nullptr);
}

double Course::best_alone() const {
    double best = std::numeric_limits<double>::infinity();
    for (const auto* session : had_line_)
        if (session != tries_line_ && session->prediction().known())
            best = std::min(best, session->prediction().expected);
    return best;
}

// Of those that had no turn yet: who got most beside others, then the nearest. A small share tells no more
// than none.
Session* Course::next_turn() const {
    Session* top = nullptr;
    double best = -std::numeric_limits<double>::infinity();
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            bool open = session->usable() && !session->closed() && !session->confirmed() &&
                        !had_line_.contains(session.get()) && session->has_unread_layer();
            if (!open || (session->in_flight() && !session->sampling()) || session->shared()) continue;
            const auto* flow = session->live_flow();
            double rate = session->estimate().rate;
            if (flow != nullptr && flow->bytes() > 0)
                rate = static_cast<double>(flow->bytes()) / std::max(flow->duration(), kThinAfter);
            const auto& p = session->phases();
            double place = rate >= kSomeShare * line_.peak() ? rate : -(p.connect + p.index + p.blob);
            if (place <= best) continue;
            best = place;
            top = session.get();
        }
    }
    return top;
}

bool Course::begin_alone(Session& top) {
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) {
            if (!session->sampling()) continue;
            confirming_.erase(session.get());  // it did not end by itself: it may be looked at again
            if (session->live_flow()->bytes() > 0)
                session->cut_sample(transport_);
            else
                session->step_back(transport_);
        }
    for (auto& lane : lanes_) settle_finished(lane);
    if (!top.has_unread_layer()) return false;
    double turn = std::max(kLineTry, kTripsOfTry * top.phases().rtt);
    return begin(
        top,
        {.max_bytes = kAloneMost, .enough_bytes = kAloneMost, .min_seconds = turn, .max_seconds = 3 * turn},
        false);
}

bool Course::end_if_line_is_full() {
    double now = clock_.now();
    // Not what came while others were still draining.
    double window = std::min(kHalf * (now - alone_since_), 0.5);
    double rate = alone_->rate_lately(now, window);
    if (!line_.narrow() || alone_ != tries_line_ || now - alone_since_ < kAlone) return false;
    if (rate < kNearPeak * line_.peak() || (!line_.filled_by(rate) && !somebody_had(rate))) return false;
    around_.line_full = kLineTolerance * rate;
    alone_->cut_sample(transport_);
    tries_line_ = nullptr;
    for (auto& lane : lanes_) settle_finished(lane);
    if (prove_it_fills(alone_)) return true;
    alone_->set_confirmed();
    close_what_cannot_win();
    return true;
}

// On a line that is not thin a burst can be told from the rest in time.
bool Course::prove_it_fills(Session* session) {
    const auto* lane = session == nullptr || line_.peak() < kThinLine ? nullptr : lane_of(*session);
    if (lane == nullptr || !session->has_unread_layer()) return false;
    fills_line_ = session;
    if (begin(*session, second_look(*session, *lane), true) && !session->closed()) return true;
    fills_line_ = nullptr;
    return false;
}

// Who fills the line is looked at until it is plain whether it goes on like that. If not, the next one that
// filled it is; and then others have their turn.
bool Course::settle_full_line() {
    if (fills_line_ == nullptr || fills_line_->in_flight() || fills_line_->wants()) return false;
    bool proven = fills_line_->usable() && !fills_line_->estimate().throttled;
    fills_line_ = nullptr;
    if (proven) {
        close_what_cannot_win();
        return true;
    }
    if (prove_it_fills(another_full())) return true;
    around_.line_full = 0;
    return true;
}

Session* Course::another_full() const {
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) {
            const auto& seen = session->estimate();
            bool open = had_line_.contains(session.get()) && session->usable() && !session->in_flight() &&
                        !session->confirmed() && !session->closed();
            if (open && !seen.throttled && seen.rate >= kNearPeak * line_.peak()) return session.get();
        }
    return nullptr;
}

// Another host did: who redirects there is no second witness.
bool Course::somebody_had(double rate) const {
    return std::any_of(had_line_.begin(), had_line_.end(), [&](const Session* session) {
        return session->final_host() != tries_line_->final_host() && session->estimate().known() &&
               std::abs(session->estimate().rate - rate) <= kSameRate * rate;
    });
}

// On a full thin line more samples cost seconds and tell nothing, once there are enough to be written.
void Course::close_what_cannot_win() {
    for (const auto& lane : lanes_) {
        if (std::isinf(lane.bar())) continue;
        for (const auto& session : lane.sessions())
            if (session->stage() == Session::Stage::gated && !session->in_flight()) session->close();
    }
}

}  // namespace mirrorctl::bench
