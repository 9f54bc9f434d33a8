#include "bench/lane.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace mirrorctl::bench {

namespace {

constexpr double kWorthIt = 0.95;  // what a rival's best case must need at most of the leader's time
constexpr std::ptrdiff_t kLooksAmongEquals = 2;
constexpr std::ptrdiff_t kUsual = 4;  // so many at least that are as fast
constexpr double kAlike = 1.6;
constexpr std::ptrdiff_t kBeforeAnyMore = 3;
constexpr double kPlainlyFaster = 1.25;
constexpr double kAsFast = 0.7;
constexpr double kTripsOfPull = 12;  // connect, ask, slow start
constexpr double kMuchLess = 0.5;    // of the bytes
constexpr int kSeveralServe = 2;
constexpr double kFarAhead = 1.65;
constexpr double kAhead = 1.35;
constexpr std::ptrdiff_t kSecondLooks = 5;
constexpr double kLongestPatience = 1.7;  // seconds, while nobody answered usably
constexpr double kPatience = 1.7;         // one SYN may get lost (retransmitted after 1 s, RFC 6298)
constexpr double kShortestPatience = 0.35;
constexpr double kRoundTrips = 8;  // the least that a pull takes, with slow start

// Who only points at another one stands or falls with it.
bool contends(const Session& session) {
    return session.stage() == Session::Stage::sampled && session.prediction().known() && !session.follows();
}

}  // namespace

Session* Lane::bearer_of(const Session& session) const {
    if (!session.points_elsewhere()) return nullptr;
    for (const auto& other : sessions_) {
        bool takes_part = other->usable() || other->stage() == Session::Stage::gate;
        bool itself = other.get() == &session || other->points_elsewhere();
        if (takes_part && !itself && other->candidate().mirror.url.authority() == session.final_host())
            return other.get();
    }
    return nullptr;
}

Session* Lane::original_of(const Session& session) const {
    auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& other) {
        return other.get() != &session && session.is_led_to(*other) &&
               std::none_of(sessions_.begin(), sessions_.end(),
                            [&](const auto& third) { return other->is_led_to(*third); });
    });
    return found == sessions_.end() ? nullptr : found->get();
}

// One that will not be looked at again and was not confirmed does not lead one that was, unless that is far
// slower.
Session* Lane::leader() const {
    struct Least {
        Session* who = nullptr;
        double time = std::numeric_limits<double>::infinity();
        void take(Session& session, double its) {
            if (its < time) *this = {&session, its};
        }
    };
    Least best;
    Least sure;
    Least proven;
    for (const auto& session : sessions_) {
        if (!contends(*session)) continue;
        double time = session->judged();
        best.take(*session, time);
        if (session->confirmed()) proven.take(*session, time);
        if (session->confirmed() || !session->closed()) sure.take(*session, time);
    }
    // What a short look promises is worth another look only if it is plainly more.
    if (proven.who != nullptr && best.time >= kWorthIt * proven.time) return proven.who;
    bool risky = sure.who != nullptr && sure.time <= kWorthTheRisk * best.time;
    return risky ? sure.who : best.who;
}

const Session* Lane::next_after(const Session& first) const {
    const Session* best = nullptr;
    for (const auto& session : sessions_) {
        if (session.get() == &first || !contends(*session)) continue;
        if (best == nullptr || session->judged() < best->judged()) best = session.get();
    }
    return best;
}

double Lane::bar() const {
    std::vector<double> times;
    for (const auto& session : sessions_)
        if (session->stage() == Session::Stage::sampled && session->prediction().known())
            times.push_back(session->judged());
    auto place = static_cast<std::size_t>(std::max(keep_, 1));
    if (times.size() < place) return std::numeric_limits<double>::infinity();
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(place - 1), times.end());
    return times[place - 1];
}

std::vector<Session*> Lane::worth_confirming() const {
    auto* first = leader();
    if (first == nullptr) return {};
    // Those that turned out to be throttled are out of the way, and tell nothing about others.
    auto looked_twice = std::count_if(sessions_.begin(), sessions_.end(), [](const auto& s) {
        return (s->samples() > 1 || s->went_on()) && !s->estimate().throttled;
    });
    // A leader far ahead of everybody may only have begun with a burst: the next one is looked at beside it.
    const auto* next = next_after(*first);
    bool stands_out = !first->confirmed() && next != nullptr &&
                      next->prediction().expected > kFarAhead * first->prediction().expected;
    bool alike = most_are_like(*first);
    auto most = alike ? kLooksAmongEquals : kSecondLooks;
    std::vector<Session*> found;
    for (const auto& session : sessions_) {
        if (!contends(*session) || session->confirmed() || session->closed()) continue;
        if (session.get() == first || (stands_out && session.get() == next) ||
            (could_win(*session, *first, alike) && (looked_twice < most || session->estimate().growing)))
            found.push_back(session.get());
    }
    // Beside a leader that is not proven, who would come next (what still grows is more than was seen of it);
    // beside one that is, who could still win.
    auto place = [&](const Session* session) {
        const auto& its = session->prediction();
        if (first->confirmed()) return its.best;
        return session->estimate().growing ? std::sqrt(its.expected * its.best) : its.expected;
    };
    std::stable_sort(found.begin(), found.end(), [&](const Session* a, const Session* b) {
        if ((a == first) != (b == first)) return a == first;
        return place(a) < place(b);
    });
    return found;
}

// Where most are alike, the best of many short looks was lucky: there, only what it is expected to do counts.
bool Lane::could_win(const Session& session, const Session& first, bool alike) {
    auto live = session.live_prediction();
    bool settled = alike && !session.live_estimate().growing;
    double hope = settled ? live.expected : live.best;
    return hope < kWorthIt * first.prediction().expected;
}

bool Lane::promising(const Session& session) const {
    auto live = session.live_prediction();
    auto better = [&](const auto& other) {
        return other.get() != &session && other->usable() && !other->follows() &&
               other->live_prediction().known() && other->live_prediction().expected < live.expected;
    };
    // Who comes first is seldom the best: a third is looked at before anybody gets more.
    auto passed = std::count_if(sessions_.begin(), sessions_.end(),
                                [&](const auto& s) { return s->usable() && bearer_of(*s) == nullptr; });
    auto looked = std::count_if(sessions_.begin(), sessions_.end(), [](const auto& s) {
        return s->stage() == Session::Stage::sampled && !s->follows();
    });
    if (kBeforeAnyMore * looked < passed) return false;
    const auto* first = leader();
    bool hopes = first == nullptr || could_win(session, *first, most_are_like(*first));
    if (first != nullptr && first->confirmed() && !hopes) return false;
    // A long way's slow start is dear: rather this one to its end than once more from the beginning.
    if (hopes && session.sampling() && session.phases().rtt >= kLongWay) return true;
    return std::none_of(sessions_.begin(), sessions_.end(), better);
}

bool Lane::serves_less(const Session& session) const {
    if (!session.usable() || !session.candidate().image.digest.empty()) return false;
    auto mine = static_cast<double>(session.image_bytes());
    std::map<std::string, int> served;
    for (const auto& other : sessions_) {
        bool bigger = mine < kMuchLess * static_cast<double>(other->image_bytes());
        if (other->usable() && bigger && ++served[other->manifest()] >= kSeveralServe) return true;
    }
    return false;
}

bool Lane::comes_near(const Session& session) const {
    double mine = kWorthIt * session.live_prediction().expected;
    return std::none_of(sessions_.begin(), sessions_.end(), [&](const auto& other) {
        return other.get() != &session && contends(*other) && other->live_prediction().expected < mine;
    });
}

Session* Lane::least_suspect() const {
    double burst = std::numeric_limits<double>::infinity();
    for (const auto& session : sessions_) {
        const auto& estimate = session->estimate();
        if (session->confirmed() && !estimate.throttled) return nullptr;
        if (estimate.throttled) burst = std::min(burst, estimate.first_rate);
    }
    Session* best = nullptr;
    for (const auto& session : sessions_) {
        bool open = contends(*session) && !session->closed() && !session->estimate().throttled;
        if (!open || std::isinf(burst) || session->estimate().rate >= kAsFast * burst) continue;
        if (best == nullptr || session->judged() < best->judged()) best = session.get();
    }
    return best;
}

bool Lane::comes_too_late(const Session& session) const {
    const auto* first = leader();
    if (!enough() || !most_are_like(*first)) return false;
    double left = kWorthIt * first->judged() - kTripsOfPull * session.phases().rtt;
    return left <= 0 || kReferenceBytes / left > kPlainlyFaster * first->estimate().rate;
}

bool Lane::most_are_like(const Session& session) const {
    std::ptrdiff_t near = 0;
    std::ptrdiff_t others = 0;
    auto mine = session.live_prediction();
    for (const auto& other : sessions_) {
        bool given_up = other->closed() && !other->confirmed();
        if (other.get() == &session || other->stage() != Session::Stage::sampled || other->follows() ||
            given_up)
            continue;
        ++others;
        auto theirs = other->prediction();
        near += theirs.best <= mine.worst && theirs.expected <= kAlike * mine.expected ? 1 : 0;
    }
    return near >= kUsual && 2 * near > others;
}

bool Lane::is_far_ahead(const Session& session) const {
    const auto* next = next_after(session);
    return next != nullptr && next->judged() > kAhead * session.live_prediction().expected;
}

bool Lane::stands() const {
    const auto* first = leader();
    return first != nullptr && first->confirmed();
}

bool Lane::asked_too_little() const {
    if (!stands() || leader()->shared() || leader()->patience() >= 0) return false;
    return leader()->layers_asked() < kReferenceLayers && leader()->has_unread_layer();
}

bool Lane::enough() const {
    return stands() && !std::isinf(bar());
}

bool Lane::all_measured() const {
    return std::all_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
        auto stage = session->stage();
        bool settled = stage == Session::Stage::sampled || stage == Session::Stage::rejected ||
                       stage == Session::Stage::resting;
        settled = settled || (stage == Session::Stage::gated && session->closed());
        return settled && !session->in_flight() && !session->wants();
    });
}

bool Lane::any_passed() const {
    return std::any_of(sessions_.begin(), sessions_.end(),
                       [](const auto& session) { return session->usable(); });
}

bool Lane::any_alive() const {
    return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
        return session->stage() != Session::Stage::rejected && session->stage() != Session::Stage::resting;
    });
}

double Lane::patience(double budget_seconds) const {
    if (!any_passed()) return std::min(kLongestPatience, 0.4 * budget_seconds);
    if (!enough()) return kPatience;
    // Whoever needs that long for one answer needs longer than the leader for all of them.
    return std::clamp(leader()->prediction().expected / kRoundTrips, kShortestPatience, kPatience);
}

}  // namespace mirrorctl::bench
