// A narrow line: one after another has it for itself, until it is plain that it is full, that somebody is
// proven, or that it was not what held them back.
#include "bench/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr double kFirstByteOfTurn = 0.1;  // of who has the line for itself
constexpr double kLineTolerance = 1.05;
constexpr double kHalf = 0.5;
constexpr double kThinAfter = 0.3;  // seconds of samples beside each other until turns may begin
constexpr double kLineTry = 0.22;   // seconds that one flow gets to fill it,
constexpr double kTripsOfTry = 4;   // or so many round trips
constexpr double kTripsToTell = 3;  // of a flow in slow start
constexpr std::size_t kTurns = 14;
constexpr std::size_t kTurnsToSee = 4;
constexpr double kGain = 1.2;
constexpr std::ptrdiff_t kWitnesses = 3;
constexpr double kFarFromFull = 0.4;  // of the peak: the line carries more than any of them sends
constexpr double kAlone = 0.18;       // seconds for a flow to take what others left
constexpr double kSameRate = 0.07;
constexpr double kNearPeak = 0.88;
constexpr double kMostOfPeak = 0.7;
constexpr double kPlainlyBehind = 1.1;
constexpr double kShareOfTime = 0.45;  // of the budget goes to turns
constexpr double kSomeShare = 0.25;    // of the line: more than many a one that was not looked at yet
constexpr std::int64_t kAloneMost = 5LL << 17U;  // bytes

// Seconds: at the gate most answers waited behind those to others.
double quickest_answer(const Session& session) {
    const auto& p = session.phases();
    return std::min({p.index, p.blob, p.manifest > 0 ? p.manifest : p.blob});
}

}  // namespace

// On a narrow line many flows only show how they share it, and what a new one loses at a full queue may
// hold it up for longer than it is looked at. There, one after another gets the line for itself for a
// moment: if two different ones fill it, or one gets what several that shared it got, nobody can do better.
bool Course::try_line() {
    double now = clock_.now();
    bool ended = tries_line_ != nullptr && end_turn();
    ended = settle_full_line() || ended;
    if (tries_line_ != nullptr || fills_line_ != nullptr) return ended;
    if (transfers() >= kSeveral) shared_for_ += std::min(now - shared_at_, kMoment);
    shared_at_ = now;
    auto* next = takes_turns() ? next_turn() : nullptr;
    bool tired = had_line_.size() >= kTurns || left() < (1 - kShareOfTime) * budget_.seconds;
    if (!had_line_.empty() && line_.peak() < kThinLine && tired) close_what_cannot_win();
    if (next == nullptr || !begin_alone(*next)) return ended;
    line_tried_at_ = now;
    beside_others_ = next->estimate().settled ? next->estimate().rate : -1;
    grew_ = next->estimate().growing;
    looks_before_ = next->samples();
    tries_line_ = next;
    had_line_.insert(next);
    return true;
}

bool Course::end_turn() {
    const auto* flow = tries_line_->live_flow();
    bool looked = tries_line_->samples() > looks_before_ || (flow != nullptr && flow->bytes() > 0);
    bool ended = !tries_line_->in_flight() && !tries_line_->wants();
    double turn = std::max(kLineTry, kTripsOfTry * tries_line_->phases().rtt);
    double longest = tries_line_->got_headers()
                         ? 3 * turn
                         : turn + std::max(kFirstByteOfTurn, 2 * quickest_answer(*tries_line_));
    bool late = clock_.now() - line_tried_at_ > longest;
    bool behind = flow != nullptr && flow->bytes() > 0 && flow->duration() >= turn / 2 &&
                  tries_line_->live_prediction().best > kPlainlyBehind * best_alone();
    if (!ended && !late && !behind) return false;
    if (flow != nullptr && flow->bytes() == 0)
        tries_line_->step_back(transport_);
    else
        tries_line_->cut_sample(transport_);
    if (looked) note_gain(tries_line_->estimate());
    tries_line_ = nullptr;
    return true;
}

// Who gets no more alone than beside others was not held back by the line. What only began to grow beside
// them gets more alone in any case.
void Course::note_gain(const Estimate& alone) {
    if (beside_others_ <= 0 || alone.growing) return;
    bool gains = alone.rate > kGain * beside_others_;
    gained_ += gains && !grew_ ? 1 : 0;
    gained_nothing_ += gains ? 0 : 1;
}

// The line may be what holds all of them back.
bool Course::narrow() const {
    return line_.narrow() && (gained_ > 0 || gained_nothing_ < kWitnesses);
}

// Once begun, it goes on until all that promise something had their turn. Second thoughts beside a proof are
// no crowd.
bool Course::takes_turns() const {
    if (!narrow() || around_.line_full > 0 || had_line_.size() >= kTurns ||
        left() < (1 - kShareOfTime) * budget_.seconds)
        return false;
    bool proves = line_.few_fill() && confirmations() > 0;  // nearly alone, too
    if (had_line_.empty()) return doubted_.empty() && !proves && shared_for_ >= kThinAfter;
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
// than none. Who fell would begin with a burst again.
Session* Course::next_turn() const {
    Session* top = nullptr;
    double best = -std::numeric_limits<double>::infinity();
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            bool open = session->usable() && !session->closed() && !session->confirmed() &&
                        !session->estimate().throttled && session->patience() < 0 &&
                        !had_line_.contains(session.get()) && session->has_unread_layer();
            if (!open || (session->in_flight() && !session->sampling()) || session->shared() ||
                lane.bearer_of(*session) != nullptr)
                continue;
            const auto* flow = session->live_flow();
            double rate = session->estimate().rate;
            if (flow != nullptr && flow->bytes() > 0)
                rate = static_cast<double>(flow->bytes()) / std::max(flow->duration(), kThinAfter);
            const auto& p = session->phases();
            bool some = rate >= kSomeShare * line_.peak();
            // Turns of long ways are long: they are looked at together, and who gets much has one.
            if (!some && p.rtt >= kLongWay && line_.peak() >= kThinLine) continue;
            double place = some ? rate : -(p.connect + p.index + p.blob);
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
            const auto* flow = session->live_flow();
            if (flow->bytes() > 0 && flow->duration() >= kTripsToTell * session->phases().rtt)
                session->cut_sample(transport_);
            else
                session->step_back(transport_);
        }
    for (auto& lane : lanes_) settle_finished(lane);
    if (!top.has_unread_layer()) return false;
    top.look_alone();
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
    if (!narrow() || alone_ != tries_line_ || now - alone_since_ < kAlone) return false;
    // A peak may be more than the line carries: what waited in a queue came with what followed.
    auto others = others_had(rate);
    bool thin = line_.peak() < kThinLine;
    if (!thin && alone_->live_estimate().growing) return false;
    bool near_peak = rate >= kNearPeak * line_.peak() && (others > 0 || line_.filled_by(rate));
    bool agreed = rate >= kMostOfPeak * line_.peak() && others + 1 >= kWitnesses;
    if (thin ? !agreed : !near_peak && !agreed) return false;
    around_.line_full = kLineTolerance * rate;
    alone_->cut_sample(transport_);
    tries_line_ = nullptr;
    for (auto& lane : lanes_) settle_finished(lane);
    // No proof fits a thin line. Who came last did not stand out beside others, as bursts do.
    if (rate >= kThinLine && prove_it_fills(nearest_full())) return true;
    alone_->set_confirmed();
    close_what_cannot_win();
    return true;
}

// A burst fills a line, too.
bool Course::prove_it_fills(Session* session) {
    const auto* lane = session == nullptr ? nullptr : lane_of(*session);
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
    if (prove_it_fills(nearest_full())) return true;
    around_.line_full = 0;
    return true;
}

// Of those that filled the line and are not proven: all get the same, so the fewest round trips count.
Session* Course::nearest_full() const {
    Session* nearest = nullptr;
    double full = kNearPeak * std::min(line_.peak(), around_.line_full);
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) {
            const auto& seen = session->estimate();
            bool open = had_line_.contains(session.get()) && session->usable() && !session->in_flight() &&
                        !session->confirmed() && !session->closed();
            if (!open || seen.throttled || seen.rate < full) continue;
            if (nearest == nullptr || session->phases().rtt < nearest->phases().rtt) nearest = session.get();
        }
    return nearest;
}

// So many other hosts had the line for themselves and got the same. Who redirects there is no witness.
std::ptrdiff_t Course::others_had(double rate) const {
    std::set<std::string> hosts;
    for (const auto* session : had_line_) {
        const auto& seen = session->estimate();
        if (seen.known() && std::abs(seen.rate - rate) <= kSameRate * rate)
            hosts.insert(session->final_host());
    }
    hosts.erase(tries_line_->final_host());
    return std::ssize(hosts);
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
