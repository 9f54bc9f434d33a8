#include "cli/apart.hpp"

#include "base/strings.hpp"
#include "bench/cache.hpp"
#include "model/json/event_json.hpp"
#include "model/json/report_json.hpp"
#include "sys/confined.hpp"

#include <algorithm>
#include <map>
#include <memory>

namespace mirrorctl::cli {

namespace {

constexpr double kGraceSeconds = 5;  // for the budget's end, and for a slow machine
constexpr double kCheckSeconds = 6;
constexpr char kEvent = 'e';
constexpr char kReport = 'r';

class Sender : public Observer {
  public:
    explicit Sender(const sys::Send& send) : send_(send) {}
    void on(const Event& event) override {
        if (auto text = event_to_json(event); !text.empty()) send_(kEvent + text);
    }

  private:
    const sys::Send& send_;
};

double budget_seconds(const bench::BenchSpec& spec) {
    return spec.seconds.value_or(spec.profile.policy.budget.seconds);
}

// What we know ourselves is not taken from the child.
Report trusted(Report report, const bench::BenchSpec& spec) {
    report.profile = spec.profile.name;
    report.profile_sha256 = spec.profile.sha256;
    report.image = spec.image;
    report.route = bench::route_name(spec.route);
    bench::rejoin(report, spec.profile);
    return report;
}

Result<Report> race_once(World& world, const bench::BenchSpec& spec, Observer& observer) {
    std::shared_ptr<net::Transport> transport = world.open_transport();
    std::optional<Report> report;
    TRY(sys::run_confined({.work =
                               [&](const sys::Send& send) {
                                   Sender sender(send);
                                   send(kReport +
                                        report_to_json(bench::run(spec, *transport, world.clock, sender)));
                               },
                           .receive = [&](const std::string& message) -> Result<void> {
                               auto text = message.empty() ? "" : message.substr(1);
                               if (message.starts_with(kEvent)) {
                                   TRY_ASSIGN(auto event, event_from_json(text));
                                   observer.on(event);
                                   return {};
                               }
                               TRY_ASSIGN(report, report_from_json(text));
                               return {};
                           },
                           .seconds = budget_seconds(spec) + kGraceSeconds}));
    if (!report) return Failure(Error{.code = ErrorCode::network, .message = "no report was made"});
    return trusted(std::move(*report), spec);
}

// Errors after which another try makes sense: the child is at fault, not this machine or the user.
bool is_crash(const Error& error) {
    return error.code == ErrorCode::network || error.code == ErrorCode::parse;
}

std::vector<bench::LightCheck> candidates(const bench::BenchSpec& spec) {
    std::vector<bench::LightCheck> all;
    for (const auto& upstream : spec.profile.upstreams) {
        const auto& names = spec.upstreams;
        if (!names.empty() && std::find(names.begin(), names.end(), upstream.name) == names.end()) continue;
        for (const auto& mirror : upstream.mirrors)
            all.push_back({.upstream = upstream.name, .mirror = mirror});
    }
    return all;
}

// For at most the budget's time: who is not looked at stays in the race.
Result<std::vector<bench::LightCheck>> find_crashing(World& world, const bench::BenchSpec& spec) {
    std::vector<bench::LightCheck> found;
    double end = world.clock.now() + budget_seconds(spec);
    for (const auto& candidate : candidates(spec)) {
        if (world.clock.now() >= end) break;
        TRY_ASSIGN(auto answers, check_apart(world, spec, {candidate}));
        if (answers.empty()) found.push_back(candidate);
    }
    return found;
}

void reject(Measurement& m, std::string_view why) {
    m.usable = false;
    m.probed = true;
    m.fault = Fault::crash;
    m.reason = cat("reading its answers crashed the process that measures: ", why);
}

Report all_rejected(World& world, const bench::BenchSpec& spec, const Error& error) {
    Report report;
    report.taken_at = world.clock.wall();
    for (const auto& [name, mirror] : candidates(spec)) {
        if (report.upstreams.empty() || report.upstreams.back().name != name)
            report.upstreams.push_back({.name = name, .ranking = {}});
        Measurement m{.mirror = mirror};
        reject(m, error.message);
        report.upstreams.back().ranking.push_back(std::move(m));
    }
    return trusted(std::move(report), spec);
}

}  // namespace

Result<Report> race_apart(World& world, bench::BenchSpec spec, Observer& observer) {
    auto first = race_once(world, spec, observer);
    if (first || !is_crash(first.error())) return first;
    TRY_ASSIGN(auto crashing, find_crashing(world, spec));
    for (const auto& [upstream, mirror] : crashing) {
        spec.failures.push_back({.upstream = upstream,
                                 .url = mirror.url.masked(),
                                 .at = world.clock.wall(),
                                 .until = world.clock.wall() + spec.profile.policy.failure_ttl,
                                 .fault = Fault::crash,
                                 .reason = first.error().message});
    }
    auto second = race_once(world, spec, observer);
    if (!second && is_crash(second.error())) return all_rejected(world, spec, second.error());
    if (!second) return second;
    for (auto& upstream : second->upstreams)
        for (auto& m : upstream.ranking)
            for (const auto& [name, mirror] : crashing)
                if (name == upstream.name && mirror.url == m.mirror.url) reject(m, first.error().message);
    return second;
}

Result<std::vector<Measurement>> check_apart(World& world, const bench::BenchSpec& spec,
                                             const std::vector<bench::LightCheck>& checks) {
    std::shared_ptr<net::Transport> transport = world.open_transport();
    std::vector<Measurement> results;
    auto done = sys::run_confined(
        {.work =
             [&](const sys::Send& send) {
                 for (const auto& check : checks)
                     send(measurement_to_json(bench::light_check(spec, check, *transport, world.clock)));
             },
         .receive = [&](const std::string& message) -> Result<void> {
             if (results.size() == checks.size())
                 return Failure(Error{.code = ErrorCode::network, .message = "more answers than questions"});
             TRY_ASSIGN(auto result, measurement_from_json(message));
             result.mirror = checks[results.size()].mirror;
             results.push_back(std::move(result));
             return {};
         },
         .seconds = kCheckSeconds * static_cast<double>(checks.size()) + kGraceSeconds});
    if (!done && !is_crash(done.error())) return Failure(std::move(done).error());
    return results;
}

void read_before(bench::BenchSpec& spec, const ReadText& read_secret, const ReadText& read_ca) {
    auto secrets = std::make_shared<std::map<std::string, Result<std::string>>>();
    auto cas = std::make_shared<std::map<std::string, Result<std::string>>>();
    for (const auto& [upstream, mirror] : candidates(spec)) {
        if (!mirror.auth.empty()) secrets->try_emplace(mirror.auth, read_secret(mirror.auth));
        if (!mirror.ca.empty()) cas->try_emplace(mirror.ca, read_ca(mirror.ca));
    }
    spec.read_secret = [secrets](const std::string& path) { return secrets->at(path); };
    spec.read_ca = [cas](const std::string& path) { return cas->at(path); };
}

}  // namespace mirrorctl::cli
