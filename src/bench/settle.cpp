#include "bench/settle.hpp"

#include "base/strings.hpp"
#include "bench/ledger.hpp"
#include "bench/score.hpp"

#include <algorithm>

namespace mirrorctl::bench {

namespace {

constexpr double kBehind = 0.01;

void put_behind(Measurement& m, const Measurement& other) {
    m.predicted_pull_s = other.predicted_pull_s * (1 + kBehind);
    m.predicted_high_s = std::max(m.predicted_high_s, m.predicted_pull_s);
}

// A short look may have seen a burst: who was only looked at shortly is not promised to be faster than the
// best of those that were looked at long enough.
void hold_back_unconfirmed(std::vector<Measurement>& measurements) {
    const Measurement* best = nullptr;
    for (const auto& m : measurements)
        if (m.usable && m.confirmed && m.predicted_pull_s >= 0 &&
            (best == nullptr || m.predicted_pull_s < best->predicted_pull_s))
            best = &m;
    if (best == nullptr) return;
    for (auto& m : measurements) {
        bool promises = m.usable && !m.confirmed && m.predicted_pull_s >= 0 &&
                        m.predicted_pull_s <= best->predicted_pull_s;
        if (promises && best->predicted_pull_s <= kWorthTheRisk * m.predicted_pull_s) put_behind(m, *best);
    }
}

// Who only points at another candidate needs that one, too.
void hold_back_followers(std::vector<Measurement>& measurements, const Lane& lane) {
    for (std::size_t i = 0; i < measurements.size(); ++i) {
        const auto& session = *lane.sessions()[i];
        auto bearer = std::find_if(lane.sessions().begin(), lane.sessions().end(),
                                   [&](const auto& other) { return other.get() == session.source(); });
        if (!session.usable() || bearer == lane.sessions().end()) continue;
        auto& m = measurements[i];
        const auto& its = measurements[static_cast<std::size_t>(bearer - lane.sessions().begin())];
        if (its.predicted_pull_s >= 0 && m.predicted_pull_s <= its.predicted_pull_s) put_behind(m, its);
    }
}

// Why the race ended with this order.
std::string reason_of(const UpstreamReport& report, const std::string& end) {
    const auto usable =
        std::count_if(report.ranking.begin(), report.ranking.end(), [](const auto& m) { return m.usable; });
    if (std::none_of(report.ranking.begin(), report.ranking.end(), [](const auto& m) { return m.probed; }))
        return "nobody was asked";
    if (usable == 0) return "nobody could be used";
    const auto& first = report.ranking.front();
    auto name = printable_line(first.mirror.url.host, 80);
    if (first.predicted_pull_s < 0) return cat(name, " serves the image, but no speed was measured: ", end);
    auto text = cat(name, " needs ", format_duration(first.predicted_low_s), " to ",
                    format_duration(first.predicted_high_s), " for 30 MiB");
    bool all_known = std::none_of(report.ranking.begin(), report.ranking.end(),
                                  [](const auto& m) { return m.fault == Fault::budget; });
    if (usable == 1 && all_known) return text + "; it is the only one that can be used";
    return cat(text, first.confirmed ? "; " : ", seen only shortly; ", end);
}

}  // namespace

void settle_trust(std::vector<Measurement>& measurements) {
    auto speaks = [](const Measurement& m) { return m.usable && !m.tag_digest.empty(); };
    for (auto& m : measurements) {
        auto same = [&](const Measurement& other) {
            bool independent = other.is_origin || operator_key(other.mirror, other.is_origin) !=
                                                      operator_key(m.mirror, m.is_origin);
            return &other != &m && independent && speaks(other) && other.tag_digest == m.tag_digest;
        };
        auto origin = std::find_if(measurements.begin(), measurements.end(),
                                   [&](const Measurement& o) { return o.is_origin && speaks(o); });
        // Where the origin speaks, its word counts: two mirrors that agree on something else are stale
        // together.
        bool agreed = origin != measurements.end() && !m.is_origin
                          ? same(*origin)
                          : std::any_of(measurements.begin(), measurements.end(), same);
        m.agreed = speaks(m) && agreed;
        if (m.usable && m.mirror.trust == Trust::verify && !m.agreed)
            m.reason += m.tag_digest.empty()
                            ? "; the tag could not be compared: content by digest only"
                            : "; nobody independent agrees with its tag: content by digest only";
    }
}

bool tag_is_needed(const Lane& lane, const Session& session) {
    if (!session.usable() || session.tag_asked() || !session.tag_digest().empty()) return false;
    const auto& sessions = lane.sessions();
    auto is_verify = [](const auto& s) {
        return s->usable() && s->candidate().mirror.trust == Trust::verify && !s->candidate().is_origin;
    };
    if (std::none_of(sessions.begin(), sessions.end(), is_verify)) return false;
    const auto& candidate = session.candidate();
    if (candidate.is_origin || candidate.mirror.trust == Trust::verify) return true;
    if (candidate.mirror.trust == Trust::pull) return false;
    bool origin_may_speak = std::any_of(sessions.begin(), sessions.end(), [](const auto& s) {
        return s->candidate().is_origin && s->stage() != Session::Stage::rejected;
    });
    return !origin_may_speak;
}

UpstreamReport report_of(const Lane& lane, const std::string& end) {
    UpstreamReport report{.name = lane.upstream(), .ranking = {}};
    for (const auto& session : lane.sessions()) {
        report.ranking.push_back(session->measurement());
        if (report.manifest.empty() && session->usable()) report.manifest = session->manifest();
    }
    settle_trust(report.ranking);
    hold_back_unconfirmed(report.ranking);
    hold_back_followers(report.ranking, lane);
    rank(report.ranking);
    const bool measured = !report.ranking.empty() && report.ranking.front().usable;
    report.unsure = measured && (!report.ranking.front().confirmed || !lane.decided() || lane.hasty());
    report.why = reason_of(report, end);
    return report;
}

}  // namespace mirrorctl::bench
