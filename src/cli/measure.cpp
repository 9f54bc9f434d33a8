#include "cli/measure.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "bench/incumbent.hpp"
#include "bench/ledger.hpp"
#include "cli/apart.hpp"
#include "cli/cache_file.hpp"
#include "cli/network.hpp"
#include "cli/ranking.hpp"
#include "cli/user_agent.hpp"
#include "cli/wait.hpp"
#include "ui/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::cli {

namespace {

constexpr std::size_t kMaxCaBytes = 1U << 20U;

// Who looks on while a run measures: what a person asks for is asked for now, and counted; what a timer does
// keeps within a day's requests and reads no byte twice.
enum class Watched { by_hand, by_nobody };

// What a run knows from earlier ones, and learns while it goes on.
struct Known {
    bench::CacheKey key;
    std::optional<bench::RankingCache> cache;
    std::map<std::string, int> asked = {};  // BenchSpec::asked_in_run
    Report alone = {};                      // the mirrors in use, measured alone
    std::vector<Warning> warnings = {};
};

bench::CacheKey cache_key(Node& node, const MeasureRequest& request) {
    return {.profile_sha256 = request.profile.sha256,
            .route = bench::route_name(request.route),
            .machine_id = node.facts().machine_id,
            .image = request.image,
            .network = network_id(node.host(), request.route)};
}

// The saved ranking as far as it holds for this run.
Known known_for(Node& node, const MeasureRequest& request) {
    Known known{.key = cache_key(node, request), .cache = {}};
    known.cache = read_cache(node, known.warnings);
    if (!known.cache) return known;
    if (known.key.network.empty()) known.key.network = known.cache->key.network;
    known.cache = bench::rekey(std::move(*known.cache), known.key);
    return known;
}

// Saved at once: a race may be ended before it ends.
void learn(Node& node, Known& known, const CacheChange& change) {
    auto here = [&](bench::RankingCache& cache) {
        cache = bench::rekey(std::move(cache), known.key);
        change(cache);
    };
    auto saved = change_cache(node, here, known.warnings);
    if (!saved) here(saved.emplace(known.cache.value_or(bench::RankingCache{})));
    known.cache = std::move(saved);
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

bench::BenchSpec bench_spec(Node& node, const MeasureRequest& request, const Known& known, Watched watched) {
    const auto& cache = known.cache;
    bench::BenchSpec spec{.profile = request.profile,
                          .upstreams = request.upstreams,
                          .image = request.image,
                          .seconds = request.budget_seconds,
                          .route = request.route};
    spec.asked_in_run = known.asked;
    if (watched == Watched::by_nobody) spec.asked_today.emplace();
    if (cache) {
        spec.asked_lately = bench::asked_lately(cache->memory, node.world().clock.wall());
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

Result<Report> run_race(Node& node, const MeasureRequest& request, bench::BenchSpec spec) {
    if (request.before_race) TRY(request.before_race());
    auto& world = node.world();
    auto term = ui::Term::of(2, node.global().color, world.env);
    auto once = [&](const bench::BenchSpec& next) {
        ui::Progress progress(
            term,
            [&](std::string_view text) {
                if (!node.global().quiet) world.err(text);
            },
            [&] { return world.clock.now(); }, node.global().verbose);
        return race_apart(world, next, progress);
    };
    TRY_ASSIGN(auto report, race_when_there_is_a_network(world, std::move(spec), request.wait_seconds, once));
    if (report.proxy_failed)
        return Failure(Error{.code = ErrorCode::proxy,
                             .message = "the proxy does not serve us: " + mask_secrets(report.proxy_error),
                             .hint = "check the proxy's address and password; nothing was changed"});
    report.site = node.config().site;
    return report;
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
Result<void> recheck(Node& node, const MeasureRequest& request, Known& known, bench::Freshness& freshness) {
    auto& world = node.world();
    auto checks = checks_of(request.profile, freshness);
    TRY_ASSIGN(auto results,
               check_apart(world, bench_spec(node, request, known, Watched::by_nobody), checks));
    const auto& policy = request.profile.policy;
    learn(node, known, [&](bench::RankingCache& cache) {
        // A failure is noted by the race that follows: it can tell a dead mirror from a dead network.
        for (std::size_t i = 0; i < checks.size(); ++i) {
            const auto& [upstream, mirror] = checks[i];
            bool passed = i < results.size() && results[i].usable;
            if (passed)
                bench::note_check(cache, upstream, results[i], world.clock.wall(), policy);
            else
                bench::forget_check(cache, upstream, mirror.url.masked());
            if (i < results.size() && !passed)
                bench::note_look(cache, upstream, results[i], world.clock.wall(), policy);
        }
    });
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const auto& [upstream, mirror] = checks[i];
        if (i < results.size()) known.asked[bench::mirror_key(mirror)] += results[i].requests;
        if (i < results.size() && results[i].usable) continue;
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

bench::Freshness freshness_of(Node& node, const MeasureRequest& request, const Known& known) {
    return bench::decide_freshness(known.cache ? &*known.cache : nullptr, known.key,
                                   freshness_input(node, request));
}

// Measures the mirrors in use of request.upstreams alone, where that may be enough. Returns the upstreams
// that need no race then.
Result<std::vector<std::string>> confirm(Node& node, const MeasureRequest& request, Measured& measured,
                                         Known& known) {
    auto input = freshness_input(node, request);
    auto upstreams = bench::may_confirm(*known.cache, known.key, input);
    if (upstreams.empty()) return upstreams;
    auto alone = request;
    alone.upstreams = upstreams;
    alone.wait_seconds = 0;
    auto spec =
        bench::for_incumbents(bench_spec(node, alone, known, Watched::by_nobody), upstreams, input.current);
    TRY_ASSIGN(auto report, run_race(node, alone, std::move(spec)));
    auto summary = race_summary(report);
    known.alone = report;
    for (const auto& upstream : report.upstreams)
        for (const auto& m : upstream.ranking) known.asked[bench::mirror_key(m.mirror)] += m.requests;
    auto confirmed = bench::confirmed_of(report, *known.cache, input, request.profile);
    const auto& policy = request.profile.policy;
    learn(node, known, [&](bench::RankingCache& cache) {
        for (const auto& upstream : known.alone.upstreams)
            for (const auto& m : upstream.ranking)
                if (std::find(confirmed.begin(), confirmed.end(), upstream.name) == confirmed.end())
                    bench::note_look(cache, upstream.name, m, node.world().clock.wall(), policy);
        if (!confirmed.empty()) cache = bench::merge_confirmed(std::move(cache), known.key, report, policy);
    });
    if (confirmed.empty()) return confirmed;
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
    auto known = known_for(node, request);
    auto cache = bench::rekey(known.cache.value_or(bench::RankingCache{}), known.key);
    auto before = bench::cache_to_text(cache);
    const auto ranking = measured.report;
    double now = node.world().clock.wall();
    bench::follow(cache, measured.report, now);
    if (!request.dry_run && bench::cache_to_text(cache) != before)
        learn(node, known, [&](bench::RankingCache& saved) {
            auto again = ranking;
            bench::follow(saved, again, now);
        });
    measured.warnings = std::move(known.warnings);
    return measured;
}

// `apply` decides from what is saved: not by a run that had less time than its own, or that asked for
// something else.
void learn_race(Node& node, const MeasureRequest& request, Known& known, Report& report) {
    const auto& policy = request.profile.policy;
    bool hasty = request.budget_seconds.value_or(policy.budget.seconds) < policy.budget.seconds;
    auto change = [&](bench::RankingCache& saved) {
        bool others = !(saved.key == known.key) && !saved.report.upstreams.empty();
        auto visited = bench::note_visit(saved, known.key, report, policy);
        auto merged = bench::merge(std::move(saved), known.key, report, policy);
        saved = hasty || others ? std::move(visited) : std::move(merged);
    };
    bench::RankingCache unsaved;
    if (!change_cache(node, change, known.warnings)) change(unsaved);
}

}  // namespace

Result<std::string> read_certificates(Node& node, const std::string& path) {
    TRY_ASSIGN(auto found, node.find_node_file(path));
    return node.fs().read(TargetPath(found), kMaxCaBytes);
}

Result<Measured> race(Node& node, const MeasureRequest& request) {
    auto known = known_for(node, request);
    Measured measured;
    TRY_ASSIGN(measured.report, run_race(node, request, bench_spec(node, request, known, Watched::by_hand)));
    measured.origin_of_ranking = race_summary(measured.report);
    learn_race(node, request, known, measured.report);
    measured.warnings = std::move(known.warnings);
    return measured;
}

bool will_ask(Node& node, const MeasureRequest& request) {
    if (!request.ranking_file.empty()) return request.ranking_file.starts_with("https://");
    if (request.offline) return false;
    auto known = known_for(node, request);
    return request.fresh || !freshness_of(node, request, known).use_as_is();
}

Result<Measured> measure(Node& node, const MeasureRequest& request) {
    if (!request.ranking_file.empty()) return follow_ranking(node, request);
    Measured measured;
    auto known = known_for(node, request);
    auto freshness = freshness_of(node, request, known);
    if (request.fresh) freshness = {.stale = request.upstreams, .recheck = {}};
    if (request.offline) freshness = {};
    if (!freshness.recheck.empty() && known.cache) TRY(recheck(node, request, known, freshness));
    if (known.cache && !known.cache->report.upstreams.empty())
        take_known(node, request, *known.cache, measured);
    if (!freshness.stale.empty() && known.cache && !request.fresh) {
        auto stale = request;
        stale.upstreams = freshness.stale;
        TRY_ASSIGN(auto confirmed, confirm(node, stale, measured, known));
        freshness.stale = without(std::move(freshness.stale), confirmed);
    }
    if (!freshness.stale.empty()) {
        auto watched = request.fresh ? Watched::by_hand : Watched::by_nobody;
        auto narrowed = request;
        narrowed.upstreams = freshness.stale;
        TRY_ASSIGN(auto report, run_race(node, narrowed, bench_spec(node, narrowed, known, watched)));
        bench::keep_alone(report, known.alone);
        measured.origin_of_ranking = race_summary(report);
        learn(node, known, [&](bench::RankingCache& cache) {
            cache = bench::merge(std::move(cache), known.key, report, request.profile.policy);
        });
        if (request.fresh) forget_usual(report);
        replace_upstreams(measured.report, report);
    }
    measured.warnings = std::move(known.warnings);
    return measured;
}

}  // namespace mirrorctl::cli
