// Who may send a sample, and how much of it: first looks, second looks, throughput shared between hosts of
// one operator.
#include "bench/course.hpp"

#include <algorithm>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr int kTransfers = 6;      // samples at once,
constexpr int kManyTransfers = 8;  // and of many candidates
constexpr int kTransfersAtAll = 20;
constexpr int kOnNarrowLine = 3;
constexpr std::size_t kMany = 30;
constexpr std::size_t kTooMany = 45;  // for long proofs: their first looks need the bytes
constexpr int kConfirmations = 2;     // of them second looks
constexpr std::int64_t kMiB = 1LL << 20U;
constexpr std::int64_t kFirstEnough = 2 * kMiB;  // of a steady flow
constexpr std::int64_t kFirstMost = 7 * kMiB;    // of one that is still growing
constexpr std::int64_t kFirstLeast = 192LL << 10U;
constexpr std::int64_t kConfirmEnough = 9 * kMiB / 2;  // outlasts usual bursts
constexpr std::int64_t kMoreProof = 13 * kMiB / 2;     // of who is far ahead, and where mirrors are slow
constexpr std::int64_t kWorthAsking = 64LL << 10U;     // fewer bytes tell nothing
constexpr double kFirstShare = 0.3;                    // of what is left of the bytes goes to first samples
constexpr double kFirstSeconds = 0.2;                  // or six round trips
constexpr double kFirstRoundTrips = 6;
constexpr double kFirstLongest = 1.8;
constexpr double kConfirmSeconds = 1.3;  // of who is faster than most
constexpr double kOnNarrow = 3.2;
constexpr double kShowsBurst = 2e6;  // bytes
constexpr double kSlow = 4e6;        // bytes per second
constexpr double kTripsToGrow = 8;
constexpr double kNear = 2;
constexpr double kUsualProof = 3;      // seconds,
constexpr double kLongProof = 4.5;     // on a narrow line,
constexpr double kLongestProof = 6.0;  // of who fills it, and of who is slow
constexpr double kOnThinLine = 1.0;
constexpr double kAmongEquals = 0.5;
constexpr std::int64_t kPlenty = 4 * kMiB;
constexpr std::int64_t kAtFirst = kMiB;
constexpr double kShareOfSeveral = 0.5;  // of the line that few fill, for proofs beside each other,
constexpr double kRoomLeft = 0.6;        // of it in use: first looks may begin beside a proof
constexpr double kFarBetter = 0.75;
constexpr double kAfterProof = 0.7;  // for what still grows

}  // namespace

std::int64_t Course::first_sample_bytes() const {
    std::int64_t waiting = 0;
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            bool gated = session->stage() == Session::Stage::gated && !session->sampling() &&
                         !session->closed() && lane.bearer_of(*session) == nullptr;
            waiting += session->stage() == Session::Stage::gate || gated ? 1 : 0;
        }
    }
    auto share = static_cast<double>(ledger_.bytes_left()) * kFirstShare /
                 static_cast<double>(std::max<std::int64_t>(waiting, 1));
    auto most = std::min(kFirstEnough, budget_.bytes_per_mirror / 2);
    return std::clamp(static_cast<std::int64_t>(share), std::min(kFirstLeast, most), most);
}

// A long way needs more bytes until its speed shows: what a flow gains per round trip doubles.
SampleRule Course::first_look(const Session& session) const {
    double rtt = session.phases().rtt;
    auto enough = first_sample_bytes();
    auto most = std::max(enough, std::min(kFirstMost, budget_.bytes_per_mirror * 3 / 4));
    bool goes_on = rtt >= kLongWay && !many();
    return {.max_bytes = goes_on ? most : enough,
            .ask_bytes = goes_on ? kFirstMost : 0,
            .enough_bytes = enough,
            .min_seconds = std::max(kFirstSeconds, kFirstRoundTrips * rtt),
            .max_seconds = std::max(kFirstLongest, 10 * rtt)};
}

// Beside what long ways may need until their speed shows: those that wait, and those that come near already.
std::int64_t Course::spare_bytes(const Session& session, const Lane& lane) const {
    auto spare = ledger_.bytes_left();
    double near = kNear * session.live_prediction().expected;
    for (const auto& other : lane.sessions()) {
        bool open = other->stage() == Session::Stage::gate || other->stage() == Session::Stage::gated;
        if (!open || other->closed() || other->phases().rtt < kLongWay) continue;
        const auto* flow = other->live_flow();
        bool plain = flow != nullptr && flow->bytes() > 0 &&
                     (!other->live_estimate().growing || other->live_prediction().expected > near);
        spare -= plain ? 0 : std::max<std::int64_t>(0, kFirstMost - other->received());
    }
    return spare;
}

// Who is fast may only have begun with a burst; less evidence is needed where most are as fast.
SampleRule Course::second_look(const Session& session, const Lane& lane) const {
    bool thin = line_.narrow() && line_.peak() < kThinLine;  // where no proof is long enough
    bool fills = &session == fills_line_;
    auto live = session.live_estimate();
    double rate = fills ? line_.peak() : std::max({1.0, live.rate, session.estimate().rate});
    double longest = fills ? kLongestProof : line_.narrow() ? kLongProof : kUsualProof;
    bool crawls = rate * kOnNarrow < kShowsBurst;  // no burst of some size ends while it is looked at
    double seconds = thin ? kOnThinLine : line_.narrow() && !crawls ? kOnNarrow : kConfirmSeconds;
    // A long pull is worth a long proof, and so is what nobody else comes near to.
    bool slow = rate < kSlow && !live.growing;
    bool more = line_.narrow() || (candidates() <= kTooMany && (slow || lane.is_far_ahead(session)));
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
    // A full line makes all alike, bursts included.
    bool usual = !fills && lane.most_are_like(session);
    return {.max_bytes = most,
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
    if (lane == nullptr || tries_line_ == &session || confirming_.contains(&session)) return std::nullopt;
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

const Lane* Course::lane_of(const Session& session) const {
    for (const auto& lane : lanes_)
        if (lane.upstream() == session.candidate().upstream) return &lane;
    return nullptr;
}

// False: it has to wait until others give back what they may still take. Where bytes are scarce, all that a
// sample may take is reserved; else a part, and more as it comes.
bool Course::begin(Session& session, SampleRule rule, bool confirm) {
    auto own_left = budget_.bytes_per_mirror - session.bytes() - kSlack;
    auto left = ledger_.bytes_left() - kSlack - kInFlight - (confirm ? 0 : kept_for_proof());
    auto need = std::min(rule.enough_bytes, own_left);
    if (left < need && !reserved_.empty()) return false;
    rule.max_bytes = std::min({rule.max_bytes, own_left, left});
    rule.ask_bytes = std::min({rule.ask_bytes, own_left, left});
    if (rule.max_bytes < kWorthAsking) {
        session.close();
        return true;
    }
    auto reserve = session.begin_sample(rule) + kInFlight;
    // A second look that cannot be ended tells nothing: all that it needs is put by.
    if (left > kPlenty)
        reserve = std::min(reserve, (confirm ? std::max(need, kAtFirst) : kAtFirst) + kInFlight);
    if (confirm) confirming_.insert(&session);
    reserved_[&session] = reserve;
    ledger_.reserve(reserve);
    return send(session);
}

// What flows on needs more than was reserved; where there is no more, it ends.
bool Course::extend_reserves() {
    bool any = false;
    for (auto& [session, held] : reserved_) {
        if (!session->sampling() || session->received() + kAtFirst / 2 < held) continue;
        if (session->received() + held >= session->asked_bytes() + kInFlight + kAtFirst) continue;
        // A long way that still grows is on the way to its proof.
        bool second = confirming_.contains(session) || (session->phases().rtt >= kLongWay && !many());
        if (ledger_.bytes_left() > kAtFirst + (second ? 0 : kept_for_proof())) {
            ledger_.reserve(kAtFirst);
            held += kAtFirst;
        } else {
            session->cut_sample(transport_);
            any = true;
        }
    }
    return any;
}

// A session of the same operator in another upstream whose throughput this one can share. `pending`: one is
// being sampled right now.
Session* Course::shared_source(const Session& session, bool& pending) const {
    const auto& candidate = session.candidate();
    if (candidate.is_origin || candidate.mirror.operator_name.empty()) return nullptr;
    auto mine = operator_key(candidate.mirror, false);
    for (const auto& lane : lanes_) {
        if (lane.upstream() == candidate.upstream) continue;
        for (const auto& other : lane.sessions()) {
            if (other->candidate().is_origin || operator_key(other->candidate().mirror, false) != mine)
                continue;
            pending = pending || other->sampling();
            bool own =
                other->stage() == Session::Stage::sampled && !other->shared() && other->estimate().known();
            if (own && !other->in_flight()) return other.get();
        }
    }
    return nullptr;
}

// Fair between upstreams (the one with the fewest samples first), inside one the quickest at the gate first.
Session* Course::next_for_sample(double least_rtt) {
    Session* best = nullptr;
    auto best_rank = std::make_pair(std::numeric_limits<int>::max(), 0.0);
    for (auto& lane : lanes_) {
        int sampled = 0;
        for (const auto& session : lane.sessions())
            sampled += session->sampling() || session->stage() == Session::Stage::sampled ? 1 : 0;
        for (const auto& session : lane.sessions()) {
            if (session->stage() != Session::Stage::gated || session->in_flight() || session->wants() ||
                session->closed() || session->phases().rtt < least_rtt || lane.bearer_of(*session) != nullptr)
                continue;
            if (lane.comes_too_late(*session)) {
                session->close();
                continue;
            }
            bool pending = false;
            if (auto* source = shared_source(*session, pending); source != nullptr) {
                session->inherit(*source);
                continue;
            }
            if (pending) continue;
            const auto& p = session->phases();
            auto place = std::make_pair(sampled, p.connect + p.index + p.manifest + p.blob);
            if (best != nullptr && place >= best_rank) continue;
            best = session.get();
            best_rank = place;
        }
    }
    return best;
}

// Of the line, by those that are looked at for long: 0 to 1.
double Course::share_of_proofs() const {
    double rates = 0;
    for (const auto* session : confirming_)
        if (session->sampling()) rates += session->live_estimate().rate;
    return rates / std::max(1.0, line_.peak());
}

bool Course::room_for_proof(const Session& session) const {
    int others = confirmations();
    if (others == 0) return true;
    if (narrow() || others >= kConfirmations) return false;
    return !line_.few_fill() || share_of_proofs() + session.estimate().high / line_.peak() <= kShareOfSeveral;
}

std::size_t Course::candidates() const {
    std::size_t count = 0;
    for (const auto& lane : lanes_) count += lane.sessions().size();
    return count;
}

bool Course::many() const {
    return candidates() > kMany;
}

// Many at once on a thin line only show how they share it.
int Course::most_transfers() const {
    if (narrow()) return kOnNarrowLine;
    return many() ? kManyTransfers : kTransfers;
}

bool Course::start_first_samples() {
    bool any = false;
    bool proves = confirmations() > 0;
    if (in_turns() || fills_line_ != nullptr || (narrow() && proves)) return false;
    // Beside a proof only those who need long until they take much, and only where there is room.
    bool few = line_.few_fill() && proves;
    if (few && line_.rate() > kRoomLeft * line_.peak()) return false;
    while (first_looks() + confirmations() < most_transfers() && transfers() < kTransfersAtAll) {
        auto* session = next_for_sample(few ? kLongWay : 0);
        if (session == nullptr) break;
        if (!begin(*session, first_look(*session), false)) break;
        any = true;
    }
    return any;
}

// A second look waits for the first looks that may still change who leads, but not for those who wait for an
// answer, and a flow that needs long to show its speed goes on beside it.
bool Course::first_looks_open(const Lane& lane) const {
    const auto& sessions = lane.sessions();
    double now = clock_.now();
    return std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) {
        double rtt = s->phases().rtt;
        bool looks = s->sampling() && !confirming_.contains(s.get()) && rtt < kLongWay &&
                     now - s->launched_at() < kFirstSeconds + 3 * rtt;
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
    return far_better && session.looked_for() >= kConfirmSeconds;
}

// A second look begins with slow start again: it tells more only where it may take more, once nobody can give
// anything back.
bool Course::grows_too_long(const Session& session) const {
    auto left = std::min(budget_.bytes_per_mirror - session.bytes(), ledger_.bytes_left()) - kSlack;
    return reserved_.empty() && session.estimate().growing && left < session.sampled_bytes();
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

bool Course::start_confirmations() {
    bool any = false;
    // On a narrow line a proof beside others proves nothing.
    if (in_turns() || fills_line_ != nullptr || (narrow() && transfers() > 0)) return false;
    for (auto& lane : lanes_) {
        if (confirmations() >= (narrow() ? 1 : kConfirmations)) break;
        any = prove_a_safe_one(lane) || any;
        bool open = first_looks_open(lane);
        for (auto* session : lane.worth_confirming()) {
            if (open && !lane.promising(*session)) continue;
            if (session->phases().rtt >= kLongWay && long_looks_open(lane)) continue;
            if (session->in_flight() || session->wants()) continue;
            if (!room_for_proof(*session)) continue;
            any = true;
            if (looked_long_enough(*session, lane) || !session->has_unread_layer())
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
