#include "bench/race.hpp"

#include "base/strings.hpp"
#include "bench/candidates.hpp"
#include "bench/course.hpp"
#include "bench/lane.hpp"
#include "bench/settle.hpp"

#include <algorithm>
#include <utility>

namespace mirrorctl::bench {

namespace {

constexpr double kTurn = 0.02;   // seconds between looks at deadlines
constexpr double kRest = 0.002;  // seconds in which bytes gather, so that not every packet wakes us

Report empty_report(const BenchSpec& spec, const sys::Clock& clock) {
    Report report{.profile = spec.profile.name,
                  .profile_sha256 = spec.profile.sha256,
                  .taken_at = clock.wall(),
                  .upstreams = {}};
    report.image = spec.image;
    report.route = route_name(spec.route);
    return report;
}

void blame_proxy(Report& report, const std::string& error) {
    report.proxy_failed = true;
    report.proxy_error = error;
    for (auto& upstream : report.upstreams) {
        for (auto& m : upstream.ranking) {
            if (m.usable || m.fault == Fault::resting) continue;
            m.fault = Fault::proxy;
            m.reason = "nothing is known about it: " + error;
        }
    }
}

// Every candidate that was asked failed at the proxy: then the proxy is the cause, whatever it says about
// single hosts.
bool all_failed_at_proxy(const Report& report) {
    int asked = 0;
    for (const auto& upstream : report.upstreams) {
        for (const auto& m : upstream.ranking) {
            if (m.usable || (m.probed && m.fault != Fault::proxy)) return false;
            if (m.fault == Fault::proxy) ++asked;
        }
    }
    return asked > 1;
}

std::string first_proxy_reason(const Report& report) {
    for (const auto& upstream : report.upstreams)
        for (const auto& m : upstream.ranking)
            if (m.fault == Fault::proxy) return m.reason;
    return "";
}

}  // namespace

Report run(const BenchSpec& spec, net::Transport& transport, sys::Clock& clock, Observer& observer) {
    auto report = empty_report(spec, clock);
    double start = clock.now();
    Course course(spec, transport, clock, observer);
    for (;;) {
        if (course.due()) course.advance();
        if (course.over()) break;
        // Nothing under way and nothing that could be started: what is left waits for a budget that does not
        // come back in time.
        bool busy = transport.turn(kTurn);
        course.looked();
        if (!busy && !course.advance()) break;
        if (course.only_samples()) clock.sleep(kRest);
    }
    std::vector<std::string> ends;
    for (const auto& lane : course.lanes()) ends.push_back(course.end_of(lane));
    course.finish();
    for (std::size_t i = 0; i < ends.size(); ++i)
        report.upstreams.push_back(report_of(course.lanes()[i], ends[i]));
    report.bytes = course.ledger().bytes();
    report.requests = course.ledger().requests();
    report.elapsed_s = clock.now() - start;
    if (!course.proxy_error().empty())
        blame_proxy(report, course.proxy_error());
    else if (all_failed_at_proxy(report))
        blame_proxy(report, first_proxy_reason(report));
    course.announce();
    observer.on(BenchFinished{.elapsed_s = report.elapsed_s});
    return report;
}

Measurement light_check(const BenchSpec& spec, const LightCheck& check, net::Transport& transport,
                        sys::Clock& clock) {
    constexpr double kLightSeconds = 6;
    constexpr std::int64_t kLightBytes = 16LL << 10U;
    const auto* upstream = spec.profile.find(check.upstream);
    if (upstream == nullptr)
        return {.mirror = check.mirror,
                .probed = false,
                .fault = Fault::not_found,
                .reason = "the profile does not have " + check.upstream};
    auto candidate = make_candidate(spec, *upstream, check.mirror, check.mirror.url == upstream->origin);
    auto pin = spec.manifests.find(check.upstream);
    if (pin != spec.manifests.end()) {
        auto known = registry::parse_canary(check.upstream, pin->second, "");
        if (known && known->repository == candidate.image.repository) candidate.image = std::move(*known);
    }
    Surroundings around{.spec = spec, .platform = registry::running_platform(), .wall = clock.wall()};
    candidate.light = true;
    Session session(std::move(candidate), around);
    double end = clock.now() + kLightSeconds;
    bool blob_asked = false;
    for (;;) {
        // Instead of a blob that was proven before: the next bytes of one that were not read yet.
        if (session.stage() == Session::Stage::gated && !blob_asked && session.read_before() &&
            session.has_unread_layer()) {
            session.begin_sample(
                {.max_bytes = kLightBytes, .enough_bytes = kLightBytes, .max_seconds = kLightSeconds});
            blob_asked = true;
        }
        if (session.stage() != Session::Stage::gate && !session.wants() && !session.in_flight()) break;
        double left = end - clock.now();
        if (left <= 0) {
            session.expire(transport, {.fault = Fault::timeout,
                                       .reason = cat("no answer within ", format_duration(kLightSeconds))});
            break;
        }
        if (session.next() != nullptr) session.launch(transport, clock.now(), left);
        transport.turn(std::min(left, 0.1));
    }
    auto measurement = session.measurement();
    measurement.samples = 0;
    measurement.throughput_bps = measurement.predicted_pull_s = -1;
    measurement.predicted_low_s = measurement.predicted_high_s = -1;
    return measurement;
}

}  // namespace mirrorctl::bench
