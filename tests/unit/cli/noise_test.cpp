// A hundred runs over two mirrors that differ by 5 %, seen through 20 % of noise: race, memory and decision
// together.
#include "bench/cache.hpp"
#include "plan/decide.hpp"
#include "unit/bench/scripted.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mirrorctl::noise_test {
namespace {

// The mirrors that would be written, in their order.
std::vector<std::string> decide(const Profile& profile, const Report& report,
                                const std::vector<std::string>& current) {
    auto decision = plan::decide({.profile = profile,
                                  .report = report,
                                  .scope = {"docker.io"},
                                  .current = {{"docker.io", current}},
                                  .machine_id = "m"});
    std::vector<std::string> urls;
    for (const auto& mirror : decision.desired.upstreams.at(0).mirrors)
        urls.push_back(mirror.mirror.url.str());
    return urls;
}

struct Outcome {
    int changes = 0;
    std::string last = {};
};

// What is written after each of `runs` races, each with its own noise.
Outcome hundred_runs(unsigned seed, int runs = 100) {
    std::mt19937 dice(seed);
    std::normal_distribution<double> noise(1, 0.20);
    const bench::Image image(1U << 20U);
    bench::RankingCache cache;
    const bench::CacheKey key{.profile_sha256 = "abc", .route = "direct", .machine_id = "m"};
    Outcome outcome;
    std::vector<std::string> current;
    for (int run = 0; run < runs; ++run) {
        bench::World world;
        auto rate = [&](double usual) { return usual * std::clamp(noise(dice), 0.3, 1.7); };
        world.serve("https://a.test", {.rate = rate(10e6)}, image);
        world.serve("https://b.test", {.rate = rate(10.5e6)}, image);
        auto spec = bench::World::spec(
            image, {bench::World::mirror("https://a.test"), bench::World::mirror("https://b.test")});
        spec.profile.policy.ttl = 0;
        auto report = world.run(spec);
        report.taken_at = 1'800'000'000 + 60.0 * run;
        cache = bench::merge(std::move(cache), key, report, spec.profile.policy);
        auto next = decide(spec.profile, report, current);
        if (run > 0 && next != current) ++outcome.changes;
        current = next;
        outcome.last = current.at(0);
    }
    return outcome;
}

// The same for a node that asks nobody: every ranking is of another node without a memory, one noisy run.
int changes_of_a_follower(unsigned seed) {
    std::mt19937 dice(seed);
    std::normal_distribution<double> noise(1, 0.20);
    auto seen = [&](const std::string& url, double usual) {
        Measurement m{.mirror = bench::World::mirror(url), .usable = true, .samples = 1};
        m.predicted_pull_s = m.usual_pull_s = usual * std::clamp(noise(dice), 0.3, 1.7);
        return m;
    };
    Profile profile{.name = "p",
                    .upstreams = {{.name = "docker.io", .origin = *parse_url("https://o.test")}}};
    profile.upstreams[0].fallback = Fallback::none;
    bench::RankingCache cache;
    std::vector<std::string> current;
    int changes = 0;
    for (int run = 0; run < 100; ++run) {
        Report report{.profile = "p",
                      .profile_sha256 = "abc",
                      .taken_at = 1'800'000'000 + 43'200.0 * run,
                      .upstreams = {}};
        report.upstreams.push_back(
            {.name = "docker.io", .ranking = {seen("https://a.test", 3.0), seen("https://b.test", 3.15)}});
        for (int again = 0; again < 3; ++again) {
            bench::follow(cache, report, report.taken_at + 600.0 * again);
            auto next = decide(profile, report, current);
            if (!current.empty() && next != current) ++changes;
            current = next;
        }
    }
    return changes;
}

TEST(Noise, AHundredRankingsOfOthersChangeAtMostOnce) {
    for (unsigned seed = 1; seed <= 8; ++seed) EXPECT_LE(changes_of_a_follower(seed), 1) << "seed " << seed;
}

TEST(Noise, AHundredRunsChangeAtMostOnce) {
    for (unsigned seed = 1; seed <= 4; ++seed) EXPECT_LE(hundred_runs(seed).changes, 1) << "seed " << seed;
}

}  // namespace
}  // namespace mirrorctl::noise_test
