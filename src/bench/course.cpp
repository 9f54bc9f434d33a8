#include "bench/course.hpp"

#include "base/strings.hpp"
#include "bench/candidates.hpp"
#include "bench/settle.hpp"

#include <algorithm>
#include <limits>

namespace mirrorctl::bench {

namespace {

constexpr int kGates = 32;              // candidates at the gate at once: they move some kilobytes each
constexpr double kBetweenTurns = 0.01;  // seconds between turns in which nothing ends
constexpr std::int64_t kShareOfHeaders = 14;
constexpr double kFar = 0.06;        // seconds per round trip
constexpr double kYoung = 0.1;       // seconds
constexpr double kLittle = 0.05;     // of what the line was seen to carry
constexpr double kTimeForTurns = 5;  // seconds
constexpr double kGateSeconds = 5;   // for one answer at the gate, its body included
constexpr int kVisit =
    5;  // requests that a candidate is expected to need: index, manifest, blob, sample, one to spare

// What is counted are bodies; packets, TLS and answers have headers, too.
Budget counted(Budget budget) {
    budget.bytes -= budget.bytes / kShareOfHeaders;
    return budget;
}

}  // namespace

Course::Course(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer)
    : spec_(spec),
      transport_(transport),
      clock_(clock),
      observer_(observer),
      budget_(budget_of(spec)),
      ledger_(counted(budget_)),
      around_{.spec = spec, .platform = registry::running_platform(), .wall = clock.wall()},
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
    // Turns take time.
    if (this->candidates() > kTooMany || budget_.seconds < kTimeForTurns) line_ = Line(kVeryNarrow);
    around_.more = [this](Session& session) { return more_of(session); };
    if (spec.asked_today) ledger_.limit_day(*spec.asked_today);
    ledger_.asked_in_run(spec.asked_in_run);
    for (const auto& asked : spec.asked_lately)
        ledger_.sent_before(asked.operator_name, start_ - (clock.wall() - asked.at), asked.requests);
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
                bool same = failure.upstream == lane.upstream() &&
                            failure.url == session->candidate().mirror.url.masked();
                if (same && failure.until > now)
                    session->rest(cat("rests for ", format_duration(failure.until - now),
                                      " more; it failed: ", printable_line(failure.reason)));
            }
        }
    }
}

double Course::left() const {
    return budget_.seconds - (clock_.now() - start_);
}

bool Course::due() const {
    return around_.news || clock_.now() - advanced_at_ >= kBetweenTurns;
}

bool Course::only_samples() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
        const auto& sessions = lane.sessions();
        return std::all_of(sessions.begin(), sessions.end(), [](const auto& s) {
            return !s->in_flight() || (s->sampling() && s->got_headers());
        });
    });
}

bool Course::decided() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
        const auto& sessions = lane.sessions();
        return lane.decided() && !lane.asked_too_little() &&
               std::none_of(sessions.begin(), sessions.end(),
                            [&](const auto& s) { return tag_is_needed(lane, *s); });
    });
}

int Course::transfers() const {
    int count = 0;
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions()) count += session->sampling() ? 1 : 0;
    return count;
}

// First looks that use the line. Long ways that still begin and slow mirrors hardly do: they hold up nobody.
int Course::first_looks() const {
    double now = clock_.now();
    int count = 0;
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            if (!session->sampling() || confirming_.contains(session.get())) continue;
            const auto* flow = session->live_flow();
            bool young = flow->bytes() == 0 ? session->phases().rtt < kFar : flow->duration() < kYoung;
            count += young || session->rate_lately(now, kYoung) > kLittle * line_.peak() ? 1 : 0;
        }
    }
    return count;
}

// Proofs that others wait for: not those that only go on, where there is room for others, nor those that wait
// for a patient first byte.
int Course::confirmations() const {
    int count = 0;
    for (const auto* session : confirming_) {
        bool aside = reads_on_.contains(session) && !line_.few_fill();
        bool waits = session->patience() >= 0 && !session->got_headers();
        count += session->sampling() && !waits && !aside ? 1 : 0;
    }
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
    // The race ends what is under way when its own time is over: what a sample saw until then counts, and who
    // was asked too late is not to blame.
    bool layer = sample || session.step() == Session::Step::again;
    session.launch(transport_, clock_.now(), layer ? left() + kGateSeconds : kGateSeconds);
    return true;
}

bool Course::start_gates(Lane& lane) {
    int open = 0;
    for (const auto& other : lanes_)
        for (const auto& session : other.sessions())
            open += session->in_flight() && !session->sampling() ? 1 : 0;
    bool any = false;
    for (const auto& session : lane.sessions()) {
        // Its requests would be taken from those that the other one may get.
        const auto* original = lane.original_of(*session);
        if (original != nullptr && original->stage() == Session::Stage::gate) continue;
        if (original != nullptr && original->usable()) {
            session->reject({.fault = Fault::redirect,
                             .reason = cat("is another name of ", original->candidate().mirror.url.masked(),
                                           ", a candidate itself: it only redirects there")});
            any = true;
            continue;
        }
        bool hop = session->step() == Session::Step::sample;  // of a sample that holds its place already
        if (!session->wants() || (open >= kGates && !hop) || !admit(*session) || !send(*session)) continue;
        any = true;
        open += hop ? 0 : 1;
    }
    return any;
}

// Several hosts of one operator share its requests per minute. Only as many begin as can finish: half a probe
// of each would tell nothing about any.
bool Course::admit(const Session& session) {
    if (admitted_.contains(&session)) return true;
    const auto& candidate = session.candidate();
    auto mine = operator_key(candidate.mirror, candidate.is_origin);
    int promised = 0;
    int need = 0;
    for (const auto& lane : lanes_) {
        for (const auto& other : lane.sessions()) {
            if (!admitted_.contains(other.get()) ||
                operator_key(other->candidate().mirror, other->candidate().is_origin) != mine)
                continue;
            bool at_gate = other->stage() == Session::Stage::gate;
            if (at_gate)
                promised += std::max(0, kVisit - other->requests());
            else if (other->usable())
                need = std::max(need, other->requests() - other->samples());
        }
    }
    if (ledger_.room(candidate.mirror, candidate.is_origin, clock_.now()) - promised <
        (need > 0 ? need : kVisit))
        return false;
    admitted_.insert(&session);
    return true;
}

// Those for whom no request is left, once nobody of their operator is under way any more.
bool Course::turn_away(Lane& lane) {
    bool any = false;
    for (const auto& session : lane.sessions()) {
        if (!session->wants() || admitted_.contains(session.get()) ||
            session->stage() != Session::Stage::gate)
            continue;
        auto mine = operator_key(session->candidate().mirror, session->candidate().is_origin);
        bool others = std::any_of(lanes_.begin(), lanes_.end(), [&](const Lane& other_lane) {
            return std::any_of(
                other_lane.sessions().begin(), other_lane.sessions().end(), [&](const auto& other) {
                    return other->in_flight() &&
                           operator_key(other->candidate().mirror, other->candidate().is_origin) == mine;
                });
        });
        if (others || admit(*session)) continue;
        session->reject({.fault = Fault::budget,
                         .reason = cat("not asked in this run: ",
                                       ledger_.limit(session->candidate().mirror,
                                                     session->candidate().is_origin, clock_.now()))});
        any = true;
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

// Not while somebody at the gate may need what the operator's requests per minute still allow.
bool Course::ask_leader_again(const Lane& lane) {
    if (!lane.asked_too_little() || lane.leader()->in_flight() || lane.leader()->wants()) return false;
    bool gates = std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& other) {
        return std::any_of(other.sessions().begin(), other.sessions().end(),
                           [](const auto& s) { return s->stage() == Session::Stage::gate; });
    });
    if (gates) return false;
    lane.leader()->begin_again();
    return send(*lane.leader());
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
        if (session->verdict().proxy_is_down && session->stage() == Session::Stage::rejected)
            proxy_error_ = session->verdict().reason;
        if (session->in_flight() || session->wants()) continue;
        if (auto held = reserved_.find(session.get()); held != reserved_.end()) {
            ledger_.release(held->second - session->on_its_way());
            reserved_.erase(held);
            reads_on_.erase(session.get());
            settle_look(*session, lane);
        }
        if (lane.serves_less(*session))
            session->reject({.fault = Fault::content,
                             .reason = cat("serves another image than others under this name, of only ",
                                           format_bytes(static_cast<double>(session->image_bytes())))});
        bool last_word = session->stage() == Session::Stage::rejected && !session->waited_in_vain();
        if (last_word && told_.insert(session.get()).second)
            observer_.on(
                CandidateFinished{.upstream = lane.upstream(), .measurement = session->measurement()});
    }
    settle_followers(lane);
}

// Who only points at another candidate is not looked at: what that one shows is what there is to know.
void Course::settle_followers(Lane& lane) {
    for (const auto& session : lane.sessions()) {
        if (!session->usable() || session->in_flight() || session->wants()) continue;
        const auto* bearer = session->follows() ? session->source() : lane.bearer_of(*session);
        if (bearer == nullptr) continue;
        if (bearer->stage() == Session::Stage::sampled || bearer->stage() == Session::Stage::rejected)
            session->inherit(*bearer);
        else if (bearer->closed())
            session->close();
    }
}

// True if something was begun: who rested, as nobody else is left, or second thoughts.
bool Course::decide() {
    bool woken = false;
    for (auto& lane : lanes_) woken = wake_resting(lane) || woken;
    over_ = decided();
    bool doubts = (over_ || only_small_proofs()) && think_again();
    over_ = over_ && !doubts;
    return doubts || woken;
}

bool Course::advance() {
    bool any = false;
    around_.news = false;
    advanced_at_ = clock_.now();
    for (auto& lane : lanes_) settle_finished(lane);
    any = decide();
    if (over()) return false;
    any = extend_reserves() || any;
    any = watch_line() || any;
    for (auto& lane : lanes_) {
        any = end_waits(lane) || any;
        any = end_hopeless(lane) || any;
        any = start_gates(lane) || any;
        any = start_tags(lane) || any;
        any = ask_leader_again(lane) || any;
        any = turn_away(lane) || any;
    }
    any = start_first_samples() || any;
    any = start_confirmations() || any;
    for (auto& lane : lanes_) settle_finished(lane);
    any = decide() || any;
    tell_progress();
    return any;
}

}  // namespace mirrorctl::bench
