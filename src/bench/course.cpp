#include "bench/course.hpp"

#include <algorithm>
#include <limits>

#include "base/strings.hpp"
#include "bench/candidates.hpp"
#include "bench/settle.hpp"

namespace mirrorctl::bench {

namespace {

constexpr int kTransfers = 6;       // samples at once
constexpr int kConfirmations = 2;   // of them second looks
constexpr int kGates = 32;          // candidates at the gate at once: they move some kilobytes each
constexpr std::int64_t kFirstMost = 5LL << 20U;
constexpr std::int64_t kFirstLeast = 256LL << 10U;
constexpr std::int64_t kConfirmMost = 8LL << 20U;
constexpr std::int64_t kSlack = 64LL << 10U;       // what headers and errors may take beside a sample
constexpr std::int64_t kWorthAsking = 64LL << 10U;  // fewer bytes tell nothing
constexpr double kFirstShare = 0.6;      // of what is left of the bytes goes to first samples
constexpr double kFirstSeconds = 0.35;   // or seven round trips
constexpr double kFirstRoundTrips = 7;
constexpr double kFirstLongest = 1.5;
constexpr double kConfirmSeconds = 1.0;  // outlasts usual bursts
constexpr double kConfirmLongest = 2.5;
constexpr double kGateSeconds = 5;       // for one answer at the gate, its body included
constexpr double kStall = 2.0;           // seconds without a byte in the middle of a body
constexpr double kHopelessAfter = 0.3;   // a sample is looked at this long before it can be given up

}  // namespace

Course::Course(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer)
    : spec_(spec),
      transport_(transport),
      clock_(clock),
      observer_(observer),
      budget_(budget_of(spec)),
      ledger_(budget_),
      around_{.spec = spec, .platform = registry::running_platform()},
      start_(clock.now()) {
    int candidates = 0;
    for (auto& field : candidates_of(spec)) {
        Lane lane(field.upstream, spec.profile.policy.keep);
        for (auto& candidate : field.candidates) {
            ledger_.know(candidate.mirror, candidate.is_origin);
            lane.add(std::make_unique<Session>(std::move(candidate), around_));
            ++candidates;
        }
        lanes_.push_back(std::move(lane));
    }
    rest_failed();
    observer_.on(BenchStarted{.candidates = candidates, .budget_s = budget_.seconds});
}

void Course::rest_failed() {
    double now = clock_.wall();
    for (auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            // The origin does not rest: it is what everything else is compared with.
            if (session->candidate().is_origin) continue;
            for (const auto& failure : spec_.failures) {
                bool same = failure.upstream == lane.upstream() && failure.url == session->candidate().mirror.url.masked();
                if (same && failure.until > now)
                    session->rest(cat("rests for ", format_duration(failure.until - now), " more; it failed: ", printable_line(failure.reason)));
            }
        }
    }
}

double Course::left() const { return budget_.seconds - (clock_.now() - start_); }

bool Course::over() const {
    if (left() <= 0 || !proxy_error_.empty()) return true;
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
        const auto& sessions = lane.sessions();
        bool tags_missing = std::any_of(sessions.begin(), sessions.end(), [&](const auto& s) { return tag_is_needed(lane, *s); });
        return lane.decided() && !tags_missing;
    });
}

int Course::transfers() const {
    int count = 0;
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) count += session->sampling() ? 1 : 0;
    return count;
}

int Course::confirmations() const {
    int count = 0;
    for (const auto* session : confirming_) count += session->sampling() ? 1 : 0;
    return count;
}

// Sends what the session wants to send, if the budgets allow. False: not sent.
bool Course::send(Session& session) {
    const auto* request = session.next();
    if (request == nullptr) return false;
    auto refusal = ledger_.refusal(request->url, session.key(), clock_.now());
    bool sample = session.step() == Session::Step::sample;
    if (!refusal.empty() && sample) {
        session.close();
        return true;
    }
    if (!refusal.empty()) {
        session.expire(transport_, {.fault = Fault::budget, .reason = std::move(refusal)});
        return true;
    }
    ledger_.sent(request->url, session.key(), clock_.now());
    session.launch(transport_, clock_.now(), sample ? left() : std::min(left(), kGateSeconds));
    return true;
}

bool Course::start_gates(Lane& lane) {
    int open = 0;
    for (const auto& other : lanes_)
        for (const auto& session : other.sessions()) open += session->in_flight() && !session->sampling() ? 1 : 0;
    bool any = false;
    for (const auto& session : lane.sessions()) {
        bool hop = session->step() == Session::Step::sample;  // of a sample that holds its place already
        if (!session->wants() || (open >= kGates && !hop) || !send(*session)) continue;
        any = true;
        open += hop ? 0 : 1;
    }
    return any;
}

bool Course::start_tags(Lane& lane) {
    bool any = false;
    for (const auto& session : lane.sessions()) {
        if (session->in_flight() || session->wants() || !tag_is_needed(lane, *session)) continue;
        session->begin_tag();
        any = send(*session) || any;
    }
    return any;
}

bool Course::wake_resting(Lane& lane) {
    if (lane.any_alive()) return false;
    bool any = false;
    for (const auto& session : lane.sessions()) {
        any = any || session->stage() == Session::Stage::resting;
        session->wake();
    }
    return any;
}

// Takes in what sessions learnt since the last turn: bytes, reservations, the proxy's refusal.
void Course::settle_finished(Lane& lane) {
    for (const auto& session : lane.sessions()) {
        auto& counted = counted_[session.get()];
        ledger_.received(session->bytes() - counted);
        counted = session->bytes();
        if (session->verdict().proxy_is_down && session->stage() == Session::Stage::rejected) proxy_error_ = session->verdict().reason;
        if (session->in_flight() || session->wants()) continue;
        if (auto held = reserved_.find(session.get()); held != reserved_.end()) {
            ledger_.release(held->second);
            reserved_.erase(held);
            bool seen_all = session->samples() > 0 && !session->has_unread_layer();
            if ((confirming_.contains(session.get()) && !session->closed()) || seen_all) session->set_confirmed();
        }
        if (session->stage() == Session::Stage::rejected && told_.insert(session.get()).second)
            observer_.on(CandidateFinished{.upstream = lane.upstream(), .measurement = session->measurement()});
    }
}

bool Course::advance() {
    bool any = false;
    for (auto& lane : lanes_) settle_finished(lane);
    if (over()) return false;
    for (auto& lane : lanes_) {
        any = end_waits(lane) || any;
        any = end_hopeless(lane) || any;
        any = wake_resting(lane) || any;
        any = start_gates(lane) || any;
        any = start_tags(lane) || any;
    }
    any = start_first_samples() || any;
    any = start_confirmations() || any;
    for (auto& lane : lanes_) settle_finished(lane);
    tell_progress();
    return any;
}

// Ends what waits for a sign of life in vain.
bool Course::end_waits(Lane& lane) {
    bool any = false;
    double now = clock_.now();
    double patience = lane.patience(budget_.seconds);
    double bar = std::max(lane.bar(), 1.5);
    for (const auto& session : lane.sessions()) {
        if (!session->in_flight()) continue;
        double waited = now - session->waiting_since();
        bool sample = session->step() == Session::Step::sample;
        double allowed = session->got_headers() ? kStall : sample ? bar : patience;
        if (waited <= allowed) continue;
        any = true;
        auto so_far = session->live_flow() != nullptr ? session->live_flow()->bytes() : 0;
        if (session->got_headers())
            session->expire(transport_, {.fault = Fault::stalled,
                                         .reason = cat("stopped sending in the middle, after ", format_bytes(static_cast<double>(so_far)))});
        else if (sample)
            session->expire(transport_, {.fault = Fault::timeout,
                                         .reason = cat("waits before it serves: no byte of the blob within ", format_duration(waited),
                                                       ", while others need that long for the whole image")});
        else
            session->expire(transport_, {.fault = Fault::timeout, .reason = cat("no answer within ", format_duration(waited))});
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
        if (!long_enough || confirming_.contains(session.get()) || session->live_prediction().best <= bar) continue;
        session->cut_sample(transport_);
        any = true;
    }
    return any;
}

std::int64_t Course::first_sample_bytes() const {
    std::int64_t waiting = 0;
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions())
            waiting += session->stage() == Session::Stage::gate || (session->stage() == Session::Stage::gated && !session->sampling() && !session->closed()) ? 1 : 0;
    auto share = static_cast<double>(ledger_.bytes_left()) * kFirstShare / static_cast<double>(std::max<std::int64_t>(waiting, 1));
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

// A session of the same operator in another upstream whose throughput this one can share. `pending`: one is being sampled right now.
Session* Course::shared_source(const Session& session, bool& pending) const {
    const auto& candidate = session.candidate();
    if (candidate.is_origin || candidate.mirror.operator_name.empty()) return nullptr;
    auto mine = operator_key(candidate.mirror, false);
    for (const auto& lane : lanes_) {
        if (lane.upstream() == candidate.upstream) continue;
        for (const auto& other : lane.sessions()) {
            if (other->candidate().is_origin || operator_key(other->candidate().mirror, false) != mine) continue;
            pending = pending || other->sampling();
            bool own = other->stage() == Session::Stage::sampled && !other->shared() && other->estimate().known();
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
        for (const auto& session : lane.sessions()) sampled += session->sampling() || session->stage() == Session::Stage::sampled ? 1 : 0;
        for (const auto& session : lane.sessions()) {
            if (session->stage() != Session::Stage::gated || session->in_flight() || session->wants() || session->closed()) continue;
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
        // A second look waits for the first looks of this upstream, but not for stragglers at the gate.
        bool busy = std::any_of(sessions.begin(), sessions.end(), [](const auto& s) {
            return s->sampling() || (s->wants() && s->step() == Session::Step::sample) ||
                   (s->stage() == Session::Stage::gated && !s->in_flight() && !s->closed());
        });
        auto* session = lane.needs_confirmation();
        if (busy || session == nullptr || session->in_flight()) continue;
        any = true;
        if (session->has_unread_layer() && !confirming_.contains(session)) begin(*session, kConfirmMost, true);
        else session->set_confirmed();
    }
    return any;
}

}  // namespace mirrorctl::bench
