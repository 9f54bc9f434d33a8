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
                               [&](const sys::Send& send, const sys::StopRequested&) {
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

void reject(Measurement& m, std::string_view why) {
    m.usable = false;
    m.probed = true;
    m.fault = Fault::crash;
    m.reason = cat("reading its answers crashed the process that measures: ", why);
}

class Quiet : public Observer {
  public:
    void on(const Event&) override {}
};

// Finds who crashes the child by halving the field: what ends well is measured, what crashes is halved again,
// down to one. At most kMostRuns children and twice the budget; who is not cleared by then is rejected too.
class Halving {
  public:
    Halving(World& world, const bench::BenchSpec& spec, std::string why)
        : world_(world),
          spec_(spec),
          why_(std::move(why)),
          all_(candidates(spec)),
          end_(world.clock.now() + 2 * budget_seconds(spec)) {
        report_.taken_at = world.clock.wall();
    }

    Result<Report> run() {
        TRY(split(all_));
        for (auto& upstream : report_.upstreams)
            std::stable_sort(upstream.ranking.begin(), upstream.ranking.end(), ranks_before);
        return trusted(std::move(report_), spec_);
    }

  private:
    using Field = std::vector<bench::LightCheck>;
    static constexpr int kMostRuns = 12;  // one of 24 is found with 9 or 10
    static constexpr double kLeastSeconds = 2;

    Result<void> split(const Field& field) {
        if (field.size() < 2) return reject_all(field);
        auto middle = field.begin() + std::ssize(field) / 2;
        TRY(race({field.begin(), middle}));
        return race({middle, field.end()});
    }

    Result<void> race(const Field& field) {
        if (++runs_ > kMostRuns || world_.clock.now() >= end_) return reject_all(field);
        Quiet quiet;
        auto report = race_once(world_, spec_of(field), quiet);
        if (report) return keep(std::move(*report));
        if (!is_crash(report.error())) return Failure(std::move(report).error());
        return split(field);
    }

    bench::BenchSpec spec_of(const Field& field) const {
        auto part = spec_;
        auto share = static_cast<double>(field.size()) / static_cast<double>(all_.size());
        part.seconds = std::max(budget_seconds(spec_) * share, kLeastSeconds);
        part.upstreams.clear();
        for (auto& upstream : part.profile.upstreams) {
            std::erase_if(upstream.mirrors, [&](const Mirror& mirror) {
                return std::none_of(field.begin(), field.end(), [&](const bench::LightCheck& one) {
                    return one.upstream == upstream.name && one.mirror.url == mirror.url;
                });
            });
            if (!upstream.mirrors.empty()) part.upstreams.push_back(upstream.name);
        }
        return part;
    }

    Result<void> keep(Report part) {
        for (auto& upstream : part.upstreams) {
            auto& into = upstream_of(upstream.name);
            if (into.manifest.empty()) into.manifest = upstream.manifest;
            for (auto& m : upstream.ranking) add(into, std::move(m));
        }
        return {};
    }

    // The origin takes part in every race, and stands in the ranking once.
    static void add(UpstreamReport& upstream, Measurement m) {
        auto same = std::find_if(upstream.ranking.begin(), upstream.ranking.end(),
                                 [&](const Measurement& other) { return m.is_origin && other.is_origin; });
        if (same == upstream.ranking.end())
            upstream.ranking.push_back(std::move(m));
        else if (!same->usable)
            *same = std::move(m);
    }

    Result<void> reject_all(const Field& field) {
        for (const auto& [name, mirror] : field) {
            Measurement m{.mirror = mirror};
            reject(m, why_);
            upstream_of(name).ranking.push_back(std::move(m));
        }
        return {};
    }

    UpstreamReport& upstream_of(const std::string& name) {
        for (auto& upstream : report_.upstreams)
            if (upstream.name == name) return upstream;
        return report_.upstreams.emplace_back(UpstreamReport{.name = name, .ranking = {}});
    }

    static bool ranks_before(const Measurement& a, const Measurement& b) {
        auto time = [](const Measurement& m) { return m.predicted_pull_s < 0 ? 1e9 : m.predicted_pull_s; };
        return a.usable != b.usable ? a.usable : a.usable && time(a) < time(b);
    }

    World& world_;
    const bench::BenchSpec& spec_;
    std::string why_;
    Field all_;
    double end_;
    int runs_ = 0;
    Report report_;
};

}  // namespace

Result<Report> race_apart(World& world, bench::BenchSpec spec, Observer& observer) {
    auto first = race_once(world, spec, observer);
    if (first || !is_crash(first.error())) return first;
    TRY_ASSIGN(auto report, Halving(world, spec, first.error().message).run());
    // The races that found them were quiet ones; without this a run that uses none of them tells no reason.
    for (const auto& upstream : report.upstreams)
        for (const auto& m : upstream.ranking)
            if (m.fault == Fault::crash)
                observer.on(CandidateFinished{.upstream = upstream.name, .measurement = m});
    return report;
}

Result<std::vector<Measurement>> check_apart(World& world, const bench::BenchSpec& spec,
                                             const std::vector<bench::LightCheck>& checks) {
    std::shared_ptr<net::Transport> transport = world.open_transport();
    std::vector<Measurement> results;
    auto done = sys::run_confined(
        {.work =
             [&](const sys::Send& send, const sys::StopRequested&) {
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
