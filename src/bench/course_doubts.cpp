// Second thoughts, where much is at stake: all is decided, but the best one needs so long that a look at
// those who may have been judged too low is worth its time.
#include "bench/course.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace mirrorctl::bench {

namespace {

// Seconds of a pull from which on it is worth more time, on a line that carries few such flows, and on one of
// which a few take all.
constexpr double kAtStake = 8;
constexpr double kSomeAtStake = 5;
constexpr double kLittleAtStake = 3;
constexpr double kFewFlows = 2.4;
constexpr double kShareOfStake = 0.1;  // so much of these seconds,
constexpr double kMoreOfStake = 0.2;   // or on such a line so much,
constexpr double kMostDoubt = 3;       // but no more
constexpr double kHidden = 3;          // times more than a first look showed,
constexpr double kHiddenByMany = 6;    // where each of many got the same,
constexpr double kSqueezed = 2.2;      // and than a long one beside others
constexpr double kFallOfSqueezed = 4;  // times: what fell by more was throttled
constexpr double kSmallProof = 0.4;    // of the line
constexpr double kPlainlyBetter = 0.9;
constexpr double kMostRate = 1e9;    // bytes per second: nothing is known
constexpr double kLeastWait = 0.65;  // seconds for what waits before it serves
constexpr double kDoubtTry = 0.3;    // seconds of a look at one alone,
constexpr double kDoubtTrips = 8;    // or so many round trips
constexpr std::int64_t kDoubtMost = 3LL << 19U;

// Seconds of a pull as fast as it was before it fell, if it did. 0: it showed nothing.
double shown_pull(const Session& session) {
    const auto& seen = session.estimate();
    return seen.known() ? predicted_pull(session.phases(), seen.throttled ? seen.first_rate : seen.rate) : 0;
}

}  // namespace

// Seconds that a run may still spend on second thoughts.
double Course::doubt_left() const {
    double stake = 0;
    for (const auto& lane : lanes_) {
        const auto* first = lane.leader();
        double time = first == nullptr ? budget_.seconds / kShareOfStake : first->judged();
        bool few = first != nullptr && line_.peak() < kFewFlows * first->estimate().rate;
        if (time < (line_.few_fill() ? kLittleAtStake : few ? kSomeAtStake : kAtStake)) continue;
        double share = line_.few_fill() ? kMoreOfStake : kShareOfStake;
        stake = std::max(stake, std::min(share * time, kMostDoubt));
    }
    // Beside a proof it costs no time.
    double spent = doubts_since_ < 0 || !over_ ? 0 : clock_.now() - doubts_since_;
    return std::min(stake - spent, left());
}

// Bytes per second that it may reach if all that held it back was not its own: queues of others, a slow start
// that ended too early. 0: what is known about it is sure.
double Course::hidden_rate(const Session& session) const {
    const auto& seen = session.estimate();
    if (session.stage() != Session::Stage::sampled)
        return session.waited_in_vain() && doubt_left() >= kLeastWait ? kMostRate : 0;
    if (session.closed() || session.shared()) return 0;
    if (!session.confirmed() && !seen.throttled) {
        double hidden = session.company().fair ? kHiddenByMany : kHidden;
        return session.samples() > 1 || session.was_alone() ? seen.high
                                                            : std::max(seen.high, hidden * seen.rate);
    }
    if (!session.company().others) return 0;
    if (!seen.throttled) return kSqueezed * seen.rate;
    if (seen.first_rate >= kFallOfSqueezed * seen.rate) return 0;
    return session.company().full_line ? kHidden * seen.first_rate : seen.first_rate;
}

// Who showed nothing comes first, then who showed most: that little was hidden is likelier than much.
Session* Course::most_doubtful() const {
    Session* top = nullptr;
    constexpr double kNoLimit = std::numeric_limits<double>::infinity();
    double most = line_.shared() ? line_.peak() : kNoLimit;
    double best = kNoLimit;
    for (const auto& lane : lanes_) {
        const auto* first = lane.leader();
        for (const auto& session : lane.sessions()) {
            if (session->in_flight() || session.get() == first) continue;
            double rate = std::min(hidden_rate(*session), most);
            auto need = kDoubtMost + (session->confirmed() ? 0 : kConfirmEnough + kInFlight);
            if (rate <= 0 || bytes_for(true) < need || doubted_.contains(session.get()) ||
                !session->has_unread_layer())
                continue;
            double hope = predicted_pull(session->phases(), rate);
            if (first != nullptr && hope >= kPlainlyBetter * first->judged()) continue;
            double shown = shown_pull(*session);
            if (shown >= best) continue;
            best = shown;
            top = session.get();
        }
    }
    return top;
}

// All that is under way is proofs that leave most of the line to others.
bool Course::only_small_proofs() const {
    int proofs = 0;
    for (const auto* session : confirming_) proofs += session->sampling() ? 1 : 0;
    if (proofs == 0 || proofs != transfers() || share_of_proofs() > kSmallProof) return false;
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
        return std::all_of(lane.sessions().begin(), lane.sessions().end(), [](const auto& session) {
            bool settled = session->stage() != Session::Stage::gate &&
                           (session->stage() != Session::Stage::gated || session->closed());
            return session->sampling() || (settled && !session->wants());
        });
    });
}

// One after another has the line for itself. What that shows is judged like any other sample.
bool Course::think_again() {
    if (around_.line_full > 0 || !proxy_error_.empty() || doubt_left() < kDoubtTry ||
        bytes_for(true) < kDoubtMost)
        return false;
    auto* session = most_doubtful();
    if (session == nullptr) return false;
    bool proof = session->waited_in_vain() ||
                 (!session->confirmed() && session->samples() > 1 && !session->estimate().throttled);
    double seconds = std::max(kDoubtTry, kDoubtTrips * session->phases().rtt);
    auto rule = proof ? second_look(*session, *lane_of(*session))
                      : SampleRule{.max_bytes = kDoubtMost,
                                   .enough_bytes = kDoubtMost,
                                   .min_seconds = seconds,
                                   .max_seconds = 2 * seconds};
    if (must_wait(*session, rule, proof)) return false;
    if (doubts_since_ < 0 && over_) doubts_since_ = clock_.now();
    doubted_.insert(session);
    if (session->waited_in_vain()) session->wait_longer(doubt_left());
    if (!proof) session->look_alone();
    return begin(*session, rule, proof);
}

}  // namespace mirrorctl::bench
