// Who may send a sample, and how much of it: first looks, second looks, throughput shared between hosts of
// one operator.
#include "bench/course.hpp"

#include <algorithm>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr int kTransfers = 8;      // samples at once
constexpr int kConfirmations = 2;  // of them second looks
constexpr std::int64_t kMiB = 1LL << 20U;
constexpr std::int64_t kFirstEnough = 2 * kMiB;  // of a steady flow
constexpr std::int64_t kFirstMost = 9 * kMiB;    // of one that is still growing
constexpr std::int64_t kFirstLeast = 256LL << 10U;
constexpr std::int64_t kConfirmMost = 9 * kMiB;
constexpr std::int64_t kConfirmEnough = 13 * kMiB / 2;  // outlasts usual bursts
constexpr std::int64_t kSlack = 64LL << 10U;            // what headers and errors may take beside a sample
constexpr std::int64_t kWorthAsking = 64LL << 10U;      // fewer bytes tell nothing
constexpr double kFirstShare = 0.6;                     // of what is left of the bytes goes to first samples
constexpr double kFirstSeconds = 0.2;                   // or six round trips
constexpr double kFirstRoundTrips = 6;
constexpr double kFirstLongest = 1.8;
constexpr double kConfirmSeconds = 1.3;  // of a leader that stands out: it may only have begun with a burst
constexpr double kAmongEquals = 0.5;     // of one that others come near to
constexpr double kStraggles = 0.4;  // who shows no sign of life for this long does not hold up the others
constexpr double kLongLook = 0.6;
constexpr double kLongWay = 0.06;                 // seconds per round trip
constexpr std::int64_t kInFlight = 256LL << 10U;  // what is on its way when a flow is cut
constexpr double kStandsOut = 0.8;                // others are slower than this share of its speed
constexpr double kConfirmLongest = 2.0;
constexpr double kSlowWorld = 15;  // seconds for the image: the node's own line may be what is slow

}  // namespace

std::int64_t Course::first_sample_bytes() const {
    std::int64_t waiting = 0;
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions())
            waiting +=
                session->stage() == Session::Stage::gate || (session->stage() == Session::Stage::gated &&
                                                             !session->sampling() && !session->closed())
                    ? 1
                    : 0;
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
    return {.max_bytes = rtt >= kLongWay ? most : std::min(2 * enough, most),
            .enough_bytes = enough,
            .min_seconds = std::max(kFirstSeconds, kFirstRoundTrips * rtt),
            .max_seconds = std::max(kFirstLongest, 10 * rtt)};
}

// What stands out needs more evidence than what others come near to: it may be a burst.
SampleRule Course::second_look(const Session& session, const Lane& lane) const {
    const auto& sessions = lane.sessions();
    auto near = std::count_if(sessions.begin(), sessions.end(), [&](const auto& other) {
        return other.get() != &session && other->usable() &&
               other->estimate().rate >= kStandsOut * session.estimate().rate;
    });
    return {.max_bytes = kConfirmMost,
            .enough_bytes = kConfirmEnough,
            .min_seconds = std::max(near > 2 ? kAmongEquals : kConfirmSeconds, 6 * session.phases().rtt),
            .max_seconds = std::max(kConfirmLongest, 10 * session.phases().rtt)};
}

bool Course::begin(Session& session, SampleRule rule, bool confirm) {
    auto own_left = budget_.bytes_per_mirror - session.bytes() - kSlack;
    rule.max_bytes = std::min({rule.max_bytes, own_left, ledger_.bytes_left() - kSlack - kInFlight});
    if (rule.max_bytes < kWorthAsking) {
        session.close();
        return true;
    }
    auto reserve = session.begin_sample(rule);
    // Few samples take all they may: a flow that is still growing is rare, and is looked after in turn.
    if (!confirm) reserve = std::min(reserve, 2 * rule.enough_bytes) + kInFlight;
    if (confirm) confirming_.insert(&session);
    reserved_[&session] = reserve;
    ledger_.reserve(reserve);
    return send(session);
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
Session* Course::next_for_sample() {
    Session* best = nullptr;
    auto best_rank = std::make_pair(std::numeric_limits<int>::max(), 0.0);
    for (auto& lane : lanes_) {
        int sampled = 0;
        for (const auto& session : lane.sessions())
            sampled += session->sampling() || session->stage() == Session::Stage::sampled ? 1 : 0;
        for (const auto& session : lane.sessions()) {
            if (session->stage() != Session::Stage::gated || session->in_flight() || session->wants() ||
                session->closed())
                continue;
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

bool Course::start_first_samples() {
    bool any = false;
    while (transfers() < kTransfers) {
        auto* session = next_for_sample();
        if (session == nullptr) break;
        any = true;
        begin(*session, first_look(*session), false);
    }
    return any;
}

// A second look waits for the first looks that may still change who leads: those under way, and those that
// wait for their turn. What waits for an answer at the gate is not waited for.
bool Course::first_looks_open(const Lane& lane) const {
    const auto& sessions = lane.sessions();
    double now = clock_.now();
    return std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) {
        bool looks = s->sampling() && !confirming_.contains(s.get());
        bool lives = now - s->waiting_since() < kStraggles && !flows_long(*s, now);
        return (looks && lives) || (s->wants() && s->step() == Session::Step::sample) ||
               (s->stage() == Session::Stage::gated && !s->in_flight() && !s->closed());
    });
}

// A first look at a long way goes on beside the second looks.
bool Course::flows_long(const Session& session, double now) const {
    return session.got_headers() && now - session.launched_at() > kLongLook;
}

bool Course::start_confirmations() {
    bool any = false;
    for (auto& lane : lanes_) {
        if (transfers() >= kTransfers || confirmations() >= kConfirmations) break;
        if (first_looks_open(lane)) continue;
        for (auto* session : lane.worth_confirming()) {
            if (session->in_flight() || session->wants()) continue;
            if (transfers() >= kTransfers || confirmations() >= kConfirmations) break;
            bool slow = session->prediction().expected > kSlowWorld;
            if (slow && transfers() > 0) break;  // alone, to see whether it gets what many got together
            any = true;
            if (session->has_unread_layer() && !confirming_.contains(session))
                begin(*session, second_look(*session, lane), true);
            else
                session->set_confirmed();
        }
    }
    return any;
}

}  // namespace mirrorctl::bench
