#include "sim_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace mirrorctl::bench {
namespace {

TEST(Sim, Explore) {
    const char* families = std::getenv("SIM") ? std::getenv("SIM") : "ABCDEFK";
    int n = std::getenv("SEEDS") ? std::atoi(std::getenv("SEEDS")) : 20;
    int base = std::getenv("FROM") ? std::atoi(std::getenv("FROM")) : 1000;
    bool verbose = std::getenv("V") != nullptr;
    for (const char* f = families; *f; ++f) {
        std::vector<double> s, m, r;
        int bad = 0;
        for (int seed = 0; seed < n; ++seed) {
            auto world = sim_world(*f, static_cast<unsigned>(seed + base));
            auto run = sim_run(world);
            s.push_back(run.seconds);
            m.push_back(run.mib);
            r.push_back(run.regret);
            bad += run.throttled || run.regret > 1e6;
            if (verbose || run.regret > 1.25)
                printf("  %c:%d %s %.2f s %.1f MiB regret %.2f req %d%s | %s\n", *f, seed + base, run.pick.c_str(),
                       run.seconds, run.mib, run.regret, run.most_requests, run.throttled ? " THROTTLED" : "",
                       run.report.upstreams[0].why.c_str());
            if (std::getenv("D") && (std::atoi(std::getenv("D")) == seed + base))
                for (const auto& x : run.report.upstreams[0].ranking)
                    printf("    %-14s %s%s n=%d %6.2f MiB req %d rtt %5.1f truth %7.2f told %7.2f [%.2f %.2f] rate %.1f is %.1f Mbit | %s\n",
                           x.mirror.url.host.c_str(), x.usable ? "u" : "-", x.confirmed ? "c" : "-", x.samples,
                           static_cast<double>(x.bytes) / 1048576, x.requests, x.rtt_s * 1000,
                           sim_pull(world, world.at(x.mirror.url.host)), x.predicted_pull_s, x.predicted_low_s,
                           x.predicted_high_s, x.throughput_bps / 125000, world.at(x.mirror.url.host).host.rate / 125000, x.reason.c_str());
        }
        auto q = [](std::vector<double> v, double p) {
            std::sort(v.begin(), v.end());
            return v[std::min(v.size() - 1, static_cast<std::size_t>(p * static_cast<double>(v.size())))];
        };
        printf("%c: t %.2f/%.2f max %.2f  MiB %.1f/%.1f  regret %.3f/%.3f worst %.2f bad %d\n", *f, q(s, .5), q(s, .95),
               q(s, 1), q(m, .5), q(m, .95), q(r, .5), q(r, .95), q(r, 1), bad);
    }
}

}  // namespace
}  // namespace mirrorctl::bench
