#include "cli/measure.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "bench/incumbent.hpp"
#include "cli/apart.hpp"
#include "cli/cache_file.hpp"
#include "cli/network.hpp"
#include "cli/ranking.hpp"
#include "cli/user_agent.hpp"
#include "ui/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr double kRetrySeconds = 2;
constexpr std::size_t kMaxCaBytes = 1U << 20U;

// Who looks on while a run measures: what a person asks for is asked for now, and counted; what a timer does
// keeps within a day's requests and reads no byte twice.
enum class Watched { by_hand, by_nobody };

bench::CacheKey cache_key(Node& node, const MeasureRequest& request) {
    return {.profile_sha256 = request.profile.sha256,
            .route = bench::route_name(request.route),
            .machine_id = node.facts().machine_id,
            .image = request.image,
            .network = network_id(node.host(), request.route)};
}

std::optional<bench::RankingCache> saved_for(Node& node, bench::CacheKey& key,
                                             std::vector<Warning>& warnings) {
    auto cache = read_cache(node, warnings);
    if (cache && key.network.empty()) key.network = cache->key.network;
    return cache;
}

// The saved ranking as far as it holds for this run.
std::optional<bench::RankingCache> known_for(Node& node, bench::CacheKey& key,
                                             std::vector<Warning>& warnings) {
    auto cache = saved_for(node, key, warnings);
    if (!cache) return cache;
    return bench::rekey(std::move(*cache), key);
}

void add_traffic(bench::BenchSpec& spec, const bench::RankingCache& cache, double now) {
    spec.asked_today = bench::asked_today(cache.memory, now);
    double ttl = spec.profile.policy.ttl;
    for (const auto& layer : cache.memory.read) {
        auto read = bench::layers_read(cache.memory, layer.url, now, ttl);
        if (!read.empty()) spec.read[layer.url] = std::move(read);
    }
    for (const auto& upstream : cache.report.upstreams)
        for (const auto& m : upstream.ranking)
            if (m.usable && m.throughput_bps > 0)
                spec.rates[upstream.name][m.mirror.url.masked()] = m.throughput_bps;
}

bench::BenchSpec bench_spec(Node& node, const MeasureRequest& request,
                            const std::optional<bench::RankingCache>& cache, Watched watched) {
    bench::BenchSpec spec{.profile = request.profile,
                          .upstreams = request.upstreams,
                          .image = request.image,
                          .seconds = request.budget_seconds,
                          .route = request.route};
    if (watched == Watched::by_nobody) spec.asked_today.emplace();
    if (cache) {
        spec.failures = bench::resting(*cache, node.world().clock.wall());
        // --fresh ends every rest but those that a server asked for.
        if (request.fresh) std::erase_if(spec.failures, [](const auto& failure) { return !failure.asked; });
        spec.manifests = bench::known_manifests(cache->report);
        if (watched == Watched::by_nobody) add_traffic(spec, *cache, node.world().clock.wall());
    }
    spec.user_agent = user_agent(node.config());
    read_before(
        spec, [&node](const std::string& path) { return node.read_node_secret(path); },
        [&node](const std::string& path) { return read_certificates(node, path); });
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
        report->site = node.config().site;
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

// --fresh decides by this run alone.
void forget_usual(Report& report) {
    for (auto& upstream : report.upstreams)
        for (auto& m : upstream.ranking) m.usual_pull_s = -1;
}

std::string race_summary(const Report& report) {
    std::size_t candidates = 0;
    for (const auto& upstream : report.upstreams) candidates += upstream.ranking.size();
    return fmt::format("measured {} candidates in {}", candidates, format_duration(report.elapsed_s));
}

void replace_upstreams(Report& all, const Report& newer) {
    auto older = std::move(all.upstreams);
    all = newer;
    all.upstreams = std::move(older);
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
            if (same_mirror(mirror.url.str(), current.url))
                checks.push_back({.upstream = current.upstream, .mirror = mirror});
    }
    return checks;
}

// One look at each current mirror whose last check is too old; those that fail make their upstream stale.
Result<void> recheck(Node& node, const MeasureRequest& request, bench::RankingCache& cache,
                     bench::Freshness& freshness) {
    auto& world = node.world();
    auto checks = checks_of(request.profile, freshness);
    TRY_ASSIGN(auto results,
               check_apart(world, bench_spec(node, request, cache, Watched::by_nobody), checks));
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const auto& [upstream, mirror] = checks[i];
        // A failure is noted by the race that follows: it can tell a dead mirror from a dead network.
        if (i < results.size() && results[i].usable) {
            bench::note_check(cache, upstream, results[i], world.clock.wall(), request.profile.policy);
            continue;
        }
        bench::forget_check(cache, upstream, mirror.url.masked());
        if (i < results.size())
            bench::remember_traffic(cache.memory, results[i], world.clock.wall(), request.profile.policy.ttl);
        auto reason = i < results.size() ? printable_line(results[i].reason) : "the check crashed";
        if (!node.global().quiet)
            world.err(cat(upstream, " ", mirror.url.masked(), " no longer serves (", reason,
                          "): measuring again\n"));
        if (std::find(freshness.stale.begin(), freshness.stale.end(), upstream) == freshness.stale.end())
            freshness.stale.push_back(upstream);
    }
    return {};
}

std::vector<bench::Current> current_list(const MeasureRequest& request) {
    std::vector<bench::Current> list;
    for (const auto& [upstream, urls] : request.current)
        for (const auto& url : urls) list.push_back({.upstream = upstream, .url = url});
    return list;
}

bench::FreshnessInput freshness_input(Node& node, const MeasureRequest& request) {
    return {.upstreams = request.upstreams,
            .current = current_list(request),
            .policy = request.profile.policy,
            .now = node.world().clock.wall()};
}

bench::Freshness freshness_of(Node& node, const MeasureRequest& request, const bench::CacheKey& key,
                              const std::optional<bench::RankingCache>& cache) {
    return bench::decide_freshness(cache ? &*cache : nullptr, key, freshness_input(node, request));
}

// Measures the mirrors in use of request.upstreams alone, where that may be enough. Returns the upstreams
// that need no race then.
Result<std::vector<std::string>> confirm(Node& node, const MeasureRequest& request, Measured& measured,
                                         bench::RankingCache& cache) {
    auto input = freshness_input(node, request);
    const auto key = cache.key;
    auto upstreams = bench::may_confirm(cache, key, input);
    if (upstreams.empty()) return upstreams;
    auto alone = request;
    alone.upstreams = upstreams;
    alone.wait_seconds = 0;
    auto spec =
        bench::for_incumbents(bench_spec(node, alone, cache, Watched::by_nobody), upstreams, input.current);
    TRY_ASSIGN(auto report, run_race(node, alone, std::move(spec)));
    auto summary = race_summary(report);
    auto asked = report;
    auto confirmed = bench::confirmed_of(report, cache, input, request.profile);
    auto is_confirmed = [&](const std::string& name) {
        return std::find(confirmed.begin(), confirmed.end(), name) != confirmed.end();
    };
    for (const auto& upstream : asked.upstreams)
        for (const auto& m : upstream.ranking)
            if (!is_confirmed(upstream.name))
                bench::remember_traffic(cache.memory, m, input.now, request.profile.policy.ttl);
    if (confirmed.empty()) return confirmed;
    cache = bench::merge_confirmed(std::move(cache), key, report, request.profile.policy);
    measured.origin_of_ranking = "the mirrors in use are as fast as usual: " + summary;
    replace_upstreams(measured.report, report);
    return confirmed;
}

std::vector<std::string> without(std::vector<std::string> names, const std::vector<std::string>& these) {
    std::erase_if(names, [&](const std::string& name) {
        return std::find(these.begin(), these.end(), name) != these.end();
    });
    return names;
}

// An earlier ranking, for upstreams that are not measured now.
void take_known(Node& node, const MeasureRequest& request, const bench::RankingCache& cache,
                Measured& measured) {
    measured.report = cache.report;
    bench::rejoin(measured.report, request.profile);
    auto age = std::max(0.0, node.world().clock.wall() - cache.report.taken_at);
    measured.origin_of_ranking = cat("ranking of ", format_duration(age), " ago");
}

// Another node's ranking becomes one of this node's own. Nothing is written where it is that already.
Result<Measured> follow_ranking(Node& node, const MeasureRequest& request) {
    Measured measured{.report = {},
                      .origin_of_ranking = "ranking from " + ranking_name(request.ranking_file)};
    TRY_ASSIGN(measured.report, read_ranking(node, request));
    if (measured.report.image != request.image) return measured;
    auto key = cache_key(node, request);
    auto known = known_for(node, key, measured.warnings);
    auto cache = bench::rekey(known.value_or(bench::RankingCache{}), key);
    auto before = bench::cache_to_text(cache);
    bench::follow(cache, measured.report, node.world().clock.wall());
    if (!request.dry_run && bench::cache_to_text(cache) != before)
        write_cache(node, cache, measured.warnings);
    return measured;
}

}  // namespace

Result<std::string> read_certificates(Node& node, const std::string& path) {
    TRY_ASSIGN(auto found, node.find_node_file(path));
    return node.fs().read(TargetPath(found), kMaxCaBytes);
}

Result<Measured> race(Node& node, const MeasureRequest& request) {
    auto key = cache_key(node, request);
    Measured measured;
    auto saved = saved_for(node, key, measured.warnings).value_or(bench::rekey({}, key));
    auto known = bench::rekey(saved, key);
    TRY_ASSIGN(measured.report, run_race(node, request, bench_spec(node, request, known, Watched::by_hand)));
    measured.origin_of_ranking = race_summary(measured.report);
    // `apply` decides from what is saved: not by a run that had less time than its own, or that asked for
    // something else.
    const auto& policy = request.profile.policy;
    bool hasty = request.budget_seconds.value_or(policy.budget.seconds) < policy.budget.seconds;
    bool others = !(saved.key == key) && !saved.report.upstreams.empty();
    bool visits = hasty || others;
    if (visits) saved = bench::note_visit(std::move(saved), key, measured.report, policy);
    auto merged = bench::merge(std::move(known), key, measured.report, policy);
    write_cache(node, visits ? saved : merged, measured.warnings);
    return measured;
}

bool will_ask(Node& node, const MeasureRequest& request) {
    if (!request.ranking_file.empty()) return request.ranking_file.starts_with("https://");
    if (request.offline) return false;
    std::vector<Warning> unsaid;
    auto key = cache_key(node, request);
    auto cache = known_for(node, key, unsaid);
    return request.fresh || !freshness_of(node, request, key, cache).use_as_is();
}

Result<Measured> measure(Node& node, const MeasureRequest& request) {
    if (!request.ranking_file.empty()) return follow_ranking(node, request);
    auto key = cache_key(node, request);
    Measured measured;
    auto cache = known_for(node, key, measured.warnings);
    auto freshness = freshness_of(node, request, key, cache);
    if (request.fresh) freshness = {.stale = request.upstreams, .recheck = {}};
    if (request.offline) freshness = {};
    bool checked = !freshness.recheck.empty() && cache.has_value();
    if (checked) TRY(recheck(node, request, *cache, freshness));
    if (cache && !cache->report.upstreams.empty()) take_known(node, request, *cache, measured);
    bool raced = !freshness.stale.empty();
    if (raced && cache && !request.fresh) {
        auto stale = request;
        stale.upstreams = freshness.stale;
        TRY_ASSIGN(auto confirmed, confirm(node, stale, measured, *cache));
        freshness.stale = without(std::move(freshness.stale), confirmed);
    }
    if (!freshness.stale.empty()) {
        auto watched = request.fresh ? Watched::by_hand : Watched::by_nobody;
        auto narrowed = request;
        narrowed.upstreams = freshness.stale;
        TRY_ASSIGN(auto report, run_race(node, narrowed, bench_spec(node, narrowed, cache, watched)));
        measured.origin_of_ranking = race_summary(report);
        cache = bench::merge(cache.value_or(bench::RankingCache{}), key, report, request.profile.policy);
        if (request.fresh) forget_usual(report);
        replace_upstreams(measured.report, report);
    }
    if (checked || raced) write_cache(node, *cache, measured.warnings);
    return measured;
}

}  // namespace mirrorctl::cli
