#include "cli/measure.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "cli/apart.hpp"
#include "cli/cache_file.hpp"
#include "model/json/report_json.hpp"
#include "ui/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr double kRetrySeconds = 2;
constexpr std::size_t kMaxCaBytes = 1U << 20U;

bench::CacheKey cache_key(Node& node, const MeasureRequest& request) {
    return {.profile_sha256 = request.profile.sha256,
            .route = bench::route_name(request.route),
            .machine_id = node.facts().machine_id,
            .image = request.image};
}

bench::BenchSpec bench_spec(Node& node, const MeasureRequest& request,
                            const std::optional<bench::RankingCache>& cache) {
    bench::BenchSpec spec{.profile = request.profile,
                          .upstreams = request.upstreams,
                          .image = request.image,
                          .seconds = request.budget_seconds,
                          .route = request.route};
    if (cache) {
        spec.failures = bench::resting(*cache, node.world().clock.wall());
        spec.manifests = bench::known_manifests(cache->report);
    }
    spec.user_agent = cat("mirrorctl/", MIRRORCTL_VERSION);
    read_before(
        spec, [&node](const std::string& path) { return node.read_node_secret(path); },
        [&node](const std::string& path) -> Result<std::string> {
            TRY_ASSIGN(auto found, node.find_node_file(path));
            return node.fs().read(TargetPath(found), kMaxCaBytes);
        });
    return spec;
}

bool any_usable(const Report& report) {
    return std::any_of(report.upstreams.begin(), report.upstreams.end(), [](const UpstreamReport& upstream) {
        return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                           [](const Measurement& m) { return m.usable; });
    });
}

// Again and again for `wait_seconds` while nothing at all answers: a node that boots has no network yet. A
// later race ends with the wait at the latest.
Result<Report> run_race(Node& node, const MeasureRequest& request, bench::BenchSpec spec) {
    if (request.before_race) TRY(request.before_race());
    auto& world = node.world();
    double give_up = world.clock.now() + request.wait_seconds;
    double budget = spec.seconds.value_or(request.profile.policy.budget.seconds);
    auto term = ui::Term::of(2, node.global().color, world.env);
    for (;;) {
        ui::Progress progress(
            term,
            [&](std::string_view text) {
                if (!node.global().quiet) world.err(text);
            },
            [&] { return world.clock.now(); }, node.global().verbose);
        auto report = race_apart(world, spec, progress);
        if (world.stop_requested())
            return Failure(
                Error{.code = ErrorCode::interrupted, .message = "interrupted: nothing was changed"});
        if (!report) return report;
        bool retry = !any_usable(*report) && world.clock.now() + kRetrySeconds + 1 < give_up;
        if (!retry && report->proxy_failed)
            return Failure(
                Error{.code = ErrorCode::proxy,
                      .message = "the proxy does not serve us: " + mask_secrets(report->proxy_error),
                      .hint = "check the proxy's address and password; nothing was changed"});
        if (!retry) return report;
        world.clock.sleep(kRetrySeconds);
        spec.seconds = std::min(budget, give_up - world.clock.now());
    }
}

std::string race_summary(const Report& report) {
    std::size_t candidates = 0;
    for (const auto& upstream : report.upstreams) candidates += upstream.ranking.size();
    return fmt::format("measured {} candidates in {}", candidates, format_duration(report.elapsed_s));
}

void replace_upstreams(Report& all, const Report& newer) {
    for (const auto& upstream : newer.upstreams) {
        auto it = std::find_if(all.upstreams.begin(), all.upstreams.end(),
                               [&](const UpstreamReport& u) { return u.name == upstream.name; });
        if (it == all.upstreams.end()) {
            all.upstreams.push_back(upstream);
        } else {
            *it = upstream;
        }
    }
}

std::vector<bench::LightCheck> checks_of(const Profile& profile, const bench::Freshness& freshness) {
    std::vector<bench::LightCheck> checks;
    for (const auto& current : freshness.recheck) {
        const auto* upstream = profile.find(current.upstream);
        if (upstream == nullptr) continue;
        for (const auto& mirror : upstream->mirrors)
            if (mirror.url.str() == current.url)
                checks.push_back({.upstream = current.upstream, .mirror = mirror});
    }
    return checks;
}

// One look at each current mirror whose last check is too old; those that fail make their upstream stale.
Result<void> recheck(Node& node, const MeasureRequest& request, bench::RankingCache& cache,
                     bench::Freshness& freshness) {
    auto& world = node.world();
    auto checks = checks_of(request.profile, freshness);
    TRY_ASSIGN(auto results, check_apart(world, bench_spec(node, request, cache), checks));
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const auto& [upstream, mirror] = checks[i];
        // A failure is noted by the race that follows: it can tell a dead mirror from a dead network.
        if (i < results.size() && results[i].usable) {
            bench::note_check(cache, upstream, results[i], world.clock.wall(),
                              request.profile.policy.failure_ttl);
            continue;
        }
        auto reason = i < results.size() ? printable_line(results[i].reason) : "the check crashed";
        if (!node.global().quiet)
            world.err(cat(upstream, " ", mirror.url.masked(), " no longer serves (", reason,
                          "): measuring again\n"));
        if (std::find(freshness.stale.begin(), freshness.stale.end(), upstream) == freshness.stale.end())
            freshness.stale.push_back(upstream);
    }
    return {};
}

Result<Measured> from_file(Node& node, const MeasureRequest& request) {
    TRY_ASSIGN(auto text, node.host().read(node.host_path(request.ranking_file)));
    TRY_ASSIGN(auto report, report_from_json(text));
    if (report.profile != request.profile.name || report.profile_sha256 != request.profile.sha256)
        return Failure(
            Error{.code = ErrorCode::usage,
                  .message = cat("the ranking does not fit: ", request.ranking_file,
                                 ": it was made with profile ", printable_line(report.profile, 40), " (",
                                 report.profile_sha256.substr(0, 12), "), this run uses ",
                                 request.profile.name, " (", request.profile.sha256.substr(0, 12), ")"),
                  .hint = "make it with the same profile: mirrorctl bench --profile " + request.profile.name +
                          " --json"});
    double age = node.world().clock.wall() - report.taken_at;
    if (age > request.profile.policy.ttl)
        return Failure(
            Error{.code = ErrorCode::usage,
                  .message = cat("the ranking is too old: ", request.ranking_file, ": ", format_duration(age),
                                 ", the profile allows ", format_duration(request.profile.policy.ttl))});
    bench::rejoin(report, request.profile);
    return Measured{.report = std::move(report),
                    .raced = {},
                    .origin_of_ranking = "ranking from " + request.ranking_file};
}

std::vector<bench::Current> current_list(const MeasureRequest& request) {
    std::vector<bench::Current> list;
    for (const auto& [upstream, urls] : request.current)
        for (const auto& url : urls) list.push_back({.upstream = upstream, .url = url});
    return list;
}

}  // namespace

Result<Measured> race(Node& node, const MeasureRequest& request) {
    auto key = cache_key(node, request);
    Measured measured;
    auto cache = read_cache(node, measured.warnings);
    if (cache && cache->key != key) cache.reset();
    TRY_ASSIGN(measured.report, run_race(node, request, bench_spec(node, request, cache)));
    measured.raced = request.upstreams;
    measured.origin_of_ranking = race_summary(measured.report);
    auto merged = bench::merge(cache.value_or(bench::RankingCache{}), key, measured.report,
                               request.profile.policy.failure_ttl);
    write_cache(node, merged, measured.warnings);
    return measured;
}

Result<Measured> measure(Node& node, const MeasureRequest& request) {
    if (!request.ranking_file.empty()) return from_file(node, request);
    auto key = cache_key(node, request);
    Measured measured;
    auto cache = read_cache(node, measured.warnings);
    if (cache && cache->key != key) cache.reset();
    bench::FreshnessInput input{.upstreams = request.upstreams,
                                .current = current_list(request),
                                .policy = request.profile.policy,
                                .now = node.world().clock.wall()};
    auto freshness = bench::decide_freshness(cache ? &*cache : nullptr, key, input);
    if (request.fresh) freshness = {.stale = request.upstreams, .recheck = {}};
    if (request.offline) freshness = {};
    bool checked = !freshness.recheck.empty() && cache.has_value();
    if (checked) TRY(recheck(node, request, *cache, freshness));
    if (cache) {
        measured.report = cache->report;
        bench::rejoin(measured.report, request.profile);
        measured.origin_of_ranking =
            cat("ranking of ", format_duration(std::max(0.0, input.now - cache->report.taken_at)), " ago");
    }
    if (!freshness.stale.empty()) {
        auto narrowed = request;
        narrowed.upstreams = freshness.stale;
        TRY_ASSIGN(auto report, run_race(node, narrowed, bench_spec(node, narrowed, cache)));
        measured.raced = freshness.stale;
        measured.origin_of_ranking = race_summary(report);
        cache = bench::merge(cache.value_or(bench::RankingCache{}), key, report,
                             request.profile.policy.failure_ttl);
        replace_upstreams(measured.report, report);
    }
    if (checked || !freshness.stale.empty()) write_cache(node, *cache, measured.warnings);
    return measured;
}

}  // namespace mirrorctl::cli
