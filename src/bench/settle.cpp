#include "bench/settle.hpp"

#include "bench/ledger.hpp"
#include "bench/score.hpp"

#include <algorithm>

namespace mirrorctl::bench {

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

UpstreamReport report_of(const Lane& lane) {
    UpstreamReport report{.name = lane.upstream(), .ranking = {}};
    for (const auto& session : lane.sessions()) {
        report.ranking.push_back(session->measurement());
        if (report.manifest.empty() && session->usable()) report.manifest = session->manifest();
    }
    settle_trust(report.ranking);
    rank(report.ranking);
    return report;
}

}  // namespace mirrorctl::bench
