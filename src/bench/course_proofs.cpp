// Proofs: second looks, long enough to outlast bursts. Who gets one, for how long, and who makes way.
#include "bench/course.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr int kConfirmations = 2;                 // at once
constexpr std::int64_t kMoreProof = 13LL << 19U;  // outlasts most
constexpr double kConfirmSeconds = 1.3;           // of who is faster than most
constexpr double kOnNarrow = 3.2;
constexpr double kShowsBurst = 2e6;  // bytes
constexpr double kSlow = 4e6;        // bytes per second
constexpr double kTripsToGrow = 8;
constexpr double kUsualProof = 3;      // seconds,
constexpr double kLongestProof = 6.0;  // on a narrow line, and of who is slow
constexpr double kOnThinLine = 1.0;
constexpr double kAmongEquals = 0.4;
constexpr double kShareOfSeveral = 0.5;  // of the line that few fill, for proofs beside each other
constexpr double kFarBetter = 0.75;
constexpr double kAfterProof = 0.7;  // for what still grows
constexpr double kTripsToJudge = 6;
constexpr double kMakesWay = 1.6;
constexpr double kShareOfCrawl = 0.06;

}  // namespace

// Beside what long ways may need until their speed shows: those that wait, and those that may still win.
std::int64_t Course::spare_bytes(const Session& session, const Lane& lane) const {
    auto spare = ledger_.bytes_left();
    double mine = session.live_prediction().expected;
    for (const auto& other : lane.sessions()) {
        bool open = other->stage() == Session::Stage::gate || other->stage() == Session::Stage::gated;
        if (!open || other->closed() || other->phases().rtt < kLongWay) continue;
        const auto* flow = other->live_flow();
        bool plain = flow != nullptr && flow->bytes() > 0 &&
                     (!other->live_estimate().growing || other->live_prediction().best > mine);
        spare -= plain ? 0 : std::max<std::int64_t>(0, kFirstMost - other->received());
    }
    return spare;
}

// Who is fast may only have begun with a burst; less evidence is needed where most are as fast.
SampleRule Course::second_look(const Session& session, const Lane& lane) const {
    bool thin = line_.narrow() && line_.peak() < kThinLine;  // where no proof is long enough
    bool fills = &session == fills_line_;
    auto live = session.live_estimate();
    double rate = std::max({1.0, live.rate, session.estimate().rate});
    double longest = fills || line_.narrow() ? kLongestProof : kUsualProof;
    bool crawls = rate * kOnNarrow < kShowsBurst;  // no burst of some size ends while it is looked at
    double seconds = thin ? kOnThinLine : line_.narrow() && !crawls ? kOnNarrow : kConfirmSeconds;
    // A long pull is worth a long proof, and so is what nobody else comes near to.
    bool slow = rate < kSlow && !live.growing;
    bool more = fills || line_.narrow() || (candidates() <= kTooMany && (slow || lane.is_far_ahead(session)));
    auto most = more ? kMoreProof : kConfirmEnough;
    bool scarce = more && !line_.narrow() && spare_bytes(session, lane) < kMoreProof - kConfirmEnough;
    auto enough = scarce ? kConfirmEnough : most;
    double grows = kTripsToGrow * session.phases().rtt;
    auto needs = [&](std::int64_t bytes) { return grows + static_cast<double>(bytes) / rate; };
    if (needs(enough) > longest) {
        enough = kConfirmEnough;
        longest = slow ? kLongestProof : kUsualProof;
    }
    if (!thin && needs(enough) <= longest) seconds = std::max(seconds, needs(enough));
    // Who crawls shows no usual proof in time; a part of the pull that it would take is worth a look.
    else if (!thin && slow)
        seconds = std::max(seconds, std::min(kUsualProof, kShareOfCrawl * session.prediction().expected));
    // A full line makes all alike, bursts included; so does a fall.
    bool usual = !fills && live.settled && lane.most_are_like(session);
    return {.max_bytes = most,
            .ask_bytes = candidates() <= kTooMany ? kMoreProof : 0,  // should it read on
            .enough_bytes = enough,
            .min_seconds = std::max(usual ? kAmongEquals : seconds, 6 * session.phases().rtt),
            .max_seconds = std::max(seconds + kAfterProof, 10 * session.phases().rtt)};
}

// What first looks leave, so that the leader and one rival can be looked at long enough.
std::int64_t Course::kept_for_proof() const {
    bool stands = std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.stands(); });
    auto looks = std::max(0, (stands ? 1 : 2) - confirmations());
    return std::min(looks * (kConfirmEnough + kInFlight), budget_.bytes / 2);
}

// A first look at the best one so far goes on at once: the connection stands, and its slow start is over.
std::optional<SampleRule> Course::more_of(Session& session) {
    const auto* lane = lane_of(session);
    if (lane == nullptr || tries_line_ == &session) return std::nullopt;
    if (confirming_.contains(&session)) return read_on(session, *lane);
    if (session.goes_on()) return std::nullopt;
    if (!room_for_proof(session) || !lane->promising(session)) return std::nullopt;
    auto rule = second_look(session, *lane);
    // To the end of a short range: another one can follow on the same connection.
    if (session.asked_bytes() < rule.enough_bytes) return rule;
    auto& held = reserved_[&session];
    auto need = std::min(rule.enough_bytes, session.asked_bytes()) + kInFlight - held;
    if (ledger_.bytes_left() < need) return std::nullopt;
    ledger_.reserve(std::max<std::int64_t>(0, need));
    held += std::max<std::int64_t>(0, need);
    confirming_.insert(&session);
    return rule;
}

// Who was proven as long as usual bursts last goes on while others are: some last longer.
std::optional<SampleRule> Course::read_on(Session& session, const Lane& lane) {
    if (reads_on_.contains(&session) || session.received() < kConfirmEnough || line_.narrow() ||
        session.live_estimate().throttled || candidates() > kTooMany || !lane.comes_near(session))
        return std::nullopt;
    auto most = std::min(kMoreProof, session.asked_bytes());
    auto need = most + kInFlight - reserved_[&session];
    if (most <= session.received() || ledger_.bytes_left() < need) return std::nullopt;
    ledger_.reserve(std::max<std::int64_t>(0, need));
    reserved_[&session] += std::max<std::int64_t>(0, need);
    reads_on_.insert(&session);
    session.set_confirmed();
    return SampleRule{
        .max_bytes = most, .enough_bytes = most, .min_seconds = kUsualProof, .max_seconds = kUsualProof};
}

// Of the line, by those that are looked at for long and as they were before others squeezed them: 0 to 1.
double Course::share_of_proofs() const {
    double rates = 0;
    for (const auto* session : confirming_)
        if (session->sampling()) rates += std::max(session->live_estimate().rate, session->estimate().rate);
    return rates / std::max(1.0, line_.peak());
}

bool Course::room_for_proof(const Session& session) const {
    int others = confirmations();
    if (others == 0) return true;
    if (narrow() || others >= kConfirmations) return false;
    return !line_.few_fill() || share_of_proofs() + session.estimate().high / line_.peak() <= kShareOfSeveral;
}

// A second look waits for the first looks that may still change who leads, but not for those who wait for an
// answer, and a flow that needs long to show its speed goes on beside it.
bool Course::first_looks_open(const Lane& lane) const {
    const auto& sessions = lane.sessions();
    double now = clock_.now();
    const auto* first = lane.leader();
    auto leads = [&](const Session& session) {
        auto live = session.live_prediction();
        return first != nullptr && live.known() && live.expected < first->judged();
    };
    return std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) {
        double rtt = s->phases().rtt;
        bool looks = s->sampling() && !confirming_.contains(s.get()) && rtt < kLongWay &&
                     (now - s->launched_at() < kFirstSeconds + 3 * rtt || leads(*s));
        bool waits = s->stage() == Session::Stage::gated && !s->in_flight() && !s->closed() &&
                     rtt < kLongWay && lane.bearer_of(*s) == nullptr;
        return looks || waits || (s->wants() && s->step() == Session::Step::sample);
    });
}

// What needs long to show its speed is looked at again only when all of them did: it is dear.
bool Course::long_looks_open(const Lane& lane) const {
    return std::any_of(lane.sessions().begin(), lane.sessions().end(), [&](const auto& s) {
        return s->phases().rtt >= kLongWay && s->sampling() && !confirming_.contains(s.get());
    });
}

// A first look at a long way may have been a long one.
bool Course::looked_long_enough(const Session& session, const Lane& lane) const {
    const auto& estimate = session.estimate();
    return !estimate.growing && session.samples() > 0 &&
           session.received() >= second_look(session, lane).enough_bytes && estimate.watched >= kAmongEquals;
}

// What the look that ended is worth. A layer may be shorter than a proof: another one follows.
void Course::settle_look(Session& session, const Lane& lane) {
    bool seen_all = session.samples() > 0 && !session.tells_more();
    bool enough = session.looked_enough() || session.prediction().best > lane.bar();
    bool proves = confirming_.contains(&session);
    bool short_layer = proves && !enough && session.read_its_layer();
    if (seen_all || (proves && enough) || (short_layer && session.proof_bytes() >= kConfirmEnough))
        session.set_confirmed();
    else if (short_layer)
        confirming_.erase(&session);
}

// What was no burst may win while it still grew; for others the budgets ended too early.
void Course::end_looks(Session& session) {
    if (session.proof_bytes() >= kConfirmEnough)
        session.set_confirmed();
    else
        session.close();
}

// The time ended a proof. What was no burst for as long as a usual one takes counts, where it is plainly
// better than who is proven.
bool Course::will_do(const Session& session, const Lane& lane) {
    const auto* first = lane.leader();
    bool far_better = first == nullptr || first == &session || !first->confirmed() ||
                      session.prediction().expected < kFarBetter * first->judged();
    return far_better && session.estimate().settled && session.looked_for() >= kConfirmSeconds;
}

// A second look begins with slow start again: it tells more only where it may take more, once nobody can give
// anything back.
bool Course::grows_too_long(const Session& session) const {
    auto left = std::min(budget_.bytes_per_mirror - session.bytes(), ledger_.bytes_left()) - kSlack;
    return reserved_.empty() && session.estimate().growing && left < session.sampled_bytes();
}

// What a session that was not proven lacked, a part of a sentence.
std::string Course::shortage_of(const Session& session) const {
    auto refusal = ledger_.refusal(session.candidate().mirror.url, session.key(), clock_.now());
    if (!refusal.empty()) return refusal;
    if (!session.has_unread_layer()) return "nothing more of the image's layers was left to be read";
    auto left = std::min(budget_.bytes_per_mirror - session.bytes() - kSlack, bytes_for(true));
    if (session.samples() == 0 || left < std::max(kConfirmEnough, session.sampled_bytes()))
        return "no bytes of the budget were left to be certain";
    return "its samples ended too early to be certain";
}

// The last bytes are not for one that may well be the next burst.
bool Course::prove_a_safe_one(const Lane& lane) {
    auto left = ledger_.bytes_left();
    for (const auto& [session, held] : reserved_) left += confirming_.contains(session) ? 0 : held;
    auto* safe = lane.least_suspect();
    if (safe == nullptr || safe->in_flight() || safe->wants() || confirming_.contains(safe) ||
        left >= 2 * (kConfirmEnough + kInFlight))
        return false;
    return begin(*safe, second_look(*safe, lane), true);
}

// A proof that is plainly behind what another one is expected to do holds that up no longer. Where so many
// share the bytes that proofs are short, the other one may well be the next burst.
bool Course::make_way(const Lane& lane) {
    bool room = confirmations() < (narrow() ? 1 : kConfirmations) && bytes_for(true) >= kConfirmEnough;
    auto waiting = lane.worth_confirming();
    std::erase_if(waiting,
                  [](const Session* s) { return s->in_flight() || s->wants() || s->samples() == 0; });
    if (room || waiting.empty() || candidates() > kTooMany) return false;
    const auto* next = waiting.front();
    Session* last = nullptr;
    for (const auto& session : lane.sessions()) {
        bool proves = session->sampling() && confirming_.contains(session.get());
        if (!proves || reads_on_.contains(session.get()) || session.get() == fills_line_) continue;
        const auto* flow = session->live_flow();
        double plain = std::max(kFirstSeconds, kTripsToJudge * session->phases().rtt);
        double best = session->live_prediction().best;
        // Who falls goes on until it is plain how far: else the next look begins with a burst again.
        bool plainly = flow->bytes() > 0 && flow->duration() >= plain && session->live_estimate().settled;
        if (!plainly || best < kMakesWay * next->prediction().expected) continue;
        if (last == nullptr || best > last->live_prediction().best) last = session.get();
    }
    if (last == nullptr) return false;
    end_early(*last);
    return true;
}

// What did not end by itself may be looked at again: who is better now may fall.
void Course::end_early(Session& session) {
    session.cut_sample(transport_);
    if (!session.looked_enough()) confirming_.erase(&session);
    for (auto& lane : lanes_) settle_finished(lane);
}

bool Course::start_confirmations() {
    bool any = false;
    for (auto& lane : lanes_) any = make_way(lane) || any;
    // On a narrow line a proof beside others proves nothing.
    if (in_turns() || fills_line_ != nullptr || (narrow() && transfers() > 0)) return false;
    for (auto& lane : lanes_) {
        if (confirmations() >= (narrow() ? 1 : kConfirmations)) break;
        any = prove_a_safe_one(lane) || any;
        bool open = first_looks_open(lane);
        bool few = line_.few_fill() && candidates() <= kTooMany;
        for (auto* session : lane.worth_confirming()) {
            // Where few fill the line, a proof beside first looks proves little.
            if (open && (few || !lane.promising(*session))) continue;
            if (session->phases().rtt >= kLongWay && long_looks_open(lane)) continue;
            if (session->in_flight() || session->wants()) continue;
            if (!room_for_proof(*session)) continue;
            any = true;
            if (looked_long_enough(*session, lane) || !session->tells_more())
                session->set_confirmed();
            else if (confirming_.contains(session) || grows_too_long(*session))
                end_looks(*session);
            else if (!begin(*session, second_look(*session, lane), true))
                return any;
        }
    }
    return any;
}

}  // namespace mirrorctl::bench
