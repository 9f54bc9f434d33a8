// Who may send a sample, and how much of it: first looks, the budget's bytes, throughput shared between hosts
// of one operator.
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
constexpr std::int64_t kMiB = 1LL << 20U;
constexpr std::int64_t kFirstEnough = 2 * kMiB;  // of a steady flow
constexpr std::int64_t kFirstLeast = 192LL << 10U;
constexpr std::int64_t kWorthAsking = 64LL << 10U;  // fewer bytes tell nothing
constexpr double kFirstShare = 0.3;                 // of what is left of the bytes goes to first samples
constexpr double kFirstRoundTrips = 6;
constexpr double kFirstLongest = 1.8;  // seconds
constexpr std::int64_t kPlenty = 4 * kMiB;
constexpr std::int64_t kAtFirst = kMiB;
constexpr double kRoomLeft = 0.6;  // of a line that few fill in use: first looks may begin beside a proof

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

const Lane* Course::lane_of(const Session& session) const {
    for (const auto& lane : lanes_)
        if (lane.upstream() == session.candidate().upstream) return &lane;
    return nullptr;
}

// Bytes of the budget for a sample that begins now. Second thoughts see to their proofs themselves.
std::int64_t Course::bytes_for(bool confirm) const {
    return ledger_.bytes_left() - kSlack - kInFlight - (confirm || over_ ? 0 : kept_for_proof());
}

// Until others give back what they may still take.
bool Course::must_wait(const Session& session, const SampleRule& rule, bool confirm) const {
    auto need = std::min(rule.enough_bytes, budget_.bytes_per_mirror - session.bytes() - kSlack);
    return bytes_for(confirm) < need && !reserved_.empty();
}

// False: it has to wait. Where bytes are scarce, all that a sample may take is reserved; else a part, and
// more as it comes.
bool Course::begin(Session& session, SampleRule rule, bool confirm) {
    if (must_wait(session, rule, confirm)) return false;
    auto own_left = budget_.bytes_per_mirror - session.bytes() - kSlack;
    auto left = bytes_for(confirm);
    auto need = std::min(rule.enough_bytes, own_left);
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
    if (confirm)
        confirming_.insert(&session);
    else
        confirming_.erase(&session);
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
        if (session->live_flow()->bytes() == 0) continue;  // cut now, it would tell nothing
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
            bool own =
                other->stage() == Session::Stage::sampled && !other->shared() && other->estimate().known();
            if (own && !other->in_flight()) return other.get();
            pending = pending || own || other->sampling();
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

}  // namespace mirrorctl::bench
