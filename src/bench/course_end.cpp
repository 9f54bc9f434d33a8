// What the race tells others: progress while it runs, and the outcome of everyone when it is over.
#include "base/strings.hpp"
#include "bench/course.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::bench {

namespace {

constexpr double kProgressEvery = 0.1;  // seconds
constexpr double kTooShort = 0.6;  // seconds, of waiting for a first byte or of a race, that say nothing yet
constexpr double kBusy = 0.25;     // of the time

std::string stage_word(const Session& session) {
    if (!session.got_headers() && session.samples() == 0 && session.step() == Session::Step::manifest)
        return "connecting";
    switch (session.step()) {
        case Session::Step::token:
            return "token";
        case Session::Step::config:
            return "blob";
        case Session::Step::sample:
            return "measuring";
        case Session::Step::again:
            return "asking again";
        default:
            return "manifest";
    }
}

}  // namespace

void Course::tell_progress() {
    double now = clock_.now();
    for (const auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            if (!session->in_flight()) continue;
            auto [last, fresh] = progress_at_.try_emplace(session.get(), now);
            if (!fresh && now - last->second < kProgressEvery) continue;
            last->second = now;
            const auto* flow = session->live_flow();
            double rate = flow != nullptr && flow->bytes() > 0 ? flow->estimate(session->trip()).rate : 0;
            observer_.on(CandidateProgress{.upstream = lane.upstream(),
                                           .url = session->candidate().mirror.url.masked(),
                                           .stage = stage_word(*session),
                                           .bytes = session->bytes() + (flow != nullptr ? flow->bytes() : 0),
                                           .rate_bps = rate});
        }
    }
}

std::string Course::end_of(const Lane& lane) const {
    double share = around_.pauses.until(clock_.now()) / std::max(clock_.now() - start_, kTooShort);
    if (share < kBusy) return reason_of_end(lane);
    return cat(reason_of_end(lane), "; this node was busy: mirrorctl got no processor for ",
               std::lround(100 * share), " % of the time, and real speeds may be higher");
}

std::string Course::reason_of_end(const Lane& lane) const {
    if (!proxy_error_.empty()) return "the proxy failed";
    if (left() <= 0)
        return cat("the budget of ", format_duration(budget_.seconds), " ended before it was certain");
    if (lane.hasty())
        return cat("the budget of ", format_duration(budget_.seconds),
                   " was too short to wait for everybody");
    if (around_.line_full > 0)
        return cat("this node's own line is the limit, with ", format_bytes(around_.line_full), "/s");
    const auto* first = lane.leader();
    if (first != nullptr && first->confirmed()) return "nobody else could still be more than 5 % faster";
    for (const auto& session : lane.sessions())
        if (first == nullptr && session->usable()) first = session.get();
    return first == nullptr ? "nobody was measured" : shortage_of(*first);
}

void Course::finish() {
    bool no_time = left() <= 0;
    auto why = no_time ? cat("no answer within the budget of ", format_duration(budget_.seconds))
                       : std::string("the run was ended");
    for (auto& lane : lanes_) {
        for (const auto& session : lane.sessions()) {
            if (no_time && session->stage() == Session::Stage::gate) lane.note_haste();
            bool flows = session->sampling() && session->got_headers() && session->live_flow()->bytes() > 0;
            if (flows) {
                session->cut_sample(transport_);
                if (session->falls()) {
                    session->close_unproven();
                    confirming_.erase(session.get());
                } else if (confirming_.contains(session.get()) && will_do(*session, lane)) {
                    session->set_confirmed();
                } else {
                    end_looks(*session);
                }
            } else if (session->sampling() && session->patience() < 0 &&
                       clock_.now() - session->waiting_since() < kTooShort) {
                session->step_back(transport_);
                session->close();
            } else if (session->in_flight() && session->samples() == 0)
                session->expire(transport_, {.fault = Fault::budget, .reason = why});
            else if (session->in_flight())
                session->abandon(transport_);
            else if (session->stage() == Session::Stage::gate)
                session->reject({.fault = Fault::budget, .reason = why});
        }
        settle_finished(lane);
    }
}

void Course::announce() {
    for (const auto& lane : lanes_)
        for (const auto& session : lane.sessions())
            if (told_.insert(session.get()).second)
                observer_.on(
                    CandidateFinished{.upstream = lane.upstream(), .measurement = session->measurement()});
}

}  // namespace mirrorctl::bench
