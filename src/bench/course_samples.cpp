// Who may send a sample, and how much of it: first looks, second looks, throughput shared between hosts of
// one operator.
#include "bench/course.hpp"

#include <algorithm>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr int kTransfers = 6;      // samples at once
constexpr int kConfirmations = 2;  // of them second looks
constexpr std::int64_t kFirstMost = 5LL << 20U;
constexpr std::int64_t kFirstLeast = 256LL << 10U;
constexpr std::int64_t kConfirmMost = 8LL << 20U;
constexpr std::int64_t kSlack = 64LL << 10U;        // what headers and errors may take beside a sample
constexpr std::int64_t kWorthAsking = 64LL << 10U;  // fewer bytes tell nothing
constexpr double kFirstShare = 0.6;                 // of what is left of the bytes goes to first samples
constexpr double kFirstSeconds = 0.35;              // or seven round trips
constexpr double kFirstRoundTrips = 7;
constexpr double kFirstLongest = 1.5;
constexpr double kConfirmSeconds = 0.9;  // outlasts usual bursts, together with the first look
constexpr double kConfirmLongest = 2.5;
constexpr double kStraggles = 0.5;  // who shows no sign of life for this long does not hold up the others

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
    auto most = std::min(kFirstMost, budget_.bytes_per_mirror / 2);
    return std::clamp(static_cast<std::int64_t>(share), std::min(kFirstLeast, most), most);
}

bool Course::begin(Session& session, std::int64_t bytes, bool confirm) {
    auto own_left = budget_.bytes_per_mirror - session.bytes() - kSlack;
    bytes = std::min({bytes, own_left, ledger_.bytes_left() - kSlack});
    if (bytes < kWorthAsking) {
        session.close();
        return true;
    }
    double rtt = session.phases().rtt;
    double seconds = confirm ? kConfirmSeconds : std::max(kFirstSeconds, kFirstRoundTrips * rtt);
    double longest = confirm ? std::max(kConfirmLongest, 12 * rtt) : std::max(kFirstLongest, 10 * rtt);
    auto reserve = session.begin_sample(bytes, seconds, longest);
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
        begin(*session, first_sample_bytes(), false);
    }
    return any;
}

bool Course::start_confirmations() {
    bool any = false;
    for (auto& lane : lanes_) {
        if (transfers() >= kTransfers || confirmations() >= kConfirmations) break;
        const auto& sessions = lane.sessions();
        // A second look waits for the first looks of this upstream, but not for stragglers.
        double now = clock_.now();
        // The leader and a rival are looked at together; others wait for both.
        bool busy = std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) {
            return (s->sampling() && !confirming_.contains(s.get()) &&
                    now - s->waiting_since() < kStraggles) ||
                   (s->wants() && s->step() == Session::Step::sample) ||
                   (s->stage() == Session::Stage::gated && !s->in_flight() && !s->closed());
        });
        if (busy) continue;
        for (auto* session : lane.worth_confirming()) {
            if (session->in_flight() || session->wants()) continue;
            if (transfers() >= kTransfers || confirmations() >= kConfirmations) break;
            any = true;
            if (session->has_unread_layer() && !confirming_.contains(session))
                begin(*session, kConfirmMost, true);
            else
                session->set_confirmed();
        }
    }
    return any;
}

}  // namespace mirrorctl::bench
