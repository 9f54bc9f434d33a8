#include "sim_world.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "registry/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

namespace mirrorctl::bench {

namespace {

constexpr double kMbit = 125000;
constexpr std::int64_t kMiB = 1LL << 20U;
constexpr std::int64_t kLayers[] = {2 * kMiB, 8 * kMiB, 20 * kMiB};

// Who reads a layer to its end finds the digest of what SimNet sends.
std::string layer_digest(std::int64_t size) {
    static std::map<std::int64_t, std::string> known;
    auto& digest = known[size];
    if (digest.empty()) digest = sha256_digest(std::string(static_cast<std::size_t>(size), 'x'));
    return digest;
}

struct Documents {
    std::string config = R"({"it":"is small"})";
    std::string manifest;
    std::string index;

    Documents() {
        auto descriptor = [](const char* type, const std::string& digest, std::int64_t size) {
            return cat(R"({"mediaType":")", type, R"(","digest":")", digest, R"(","size":)", size);
        };
        std::vector<std::string> layers;
        for (auto size : kLayers) layers.push_back(descriptor("l", layer_digest(size), size) + "}");
        manifest =
            cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)",
                descriptor("c", sha256_digest(config), static_cast<std::int64_t>(config.size())),
                R"(},"layers":[)", join(layers, ","), "]}");
        auto platform = registry::running_platform();
        index = cat(R"({"schemaVersion":2,"manifests":[)",
                    descriptor("application/vnd.oci.image.manifest.v1+json", sha256_digest(manifest),
                               static_cast<std::int64_t>(manifest.size())),
                    R"(,"platform":{"os":")", platform.os, R"(","architecture":")", platform.architecture,
                    R"("}}]})");
    }
};

const Documents& documents() {
    static const Documents kDocuments;
    return kDocuments;
}

SimAnswer blob_answer(const net::Request& request, std::int64_t size) {
    SimAnswer answer{.blob = size, .blob_size = size};
    for (const auto& [name, value] : request.headers) {
        if (name != "Range") continue;
        auto bounds = split(value.substr(value.find('=') + 1), '-');
        auto first = *parse_integer(bounds.at(0));
        auto last = *parse_integer(bounds.at(1));
        answer.status = 206;
        answer.blob = last - first + 1;
        answer.headers.emplace_back("Content-Range", cat("bytes ", first, "-", last, "/", size));
    }
    return answer;
}

SimAnswer serve(const SimWorld& world, const std::string& host, const net::Request& request) {
    const auto& mirror = world.at(host);
    const auto& docs = documents();
    auto path = request.url.path;
    bool blob = path.find("/blobs/") != std::string::npos;
    if (mirror.bad == SimMirror::Bad::html)
        return {.headers = {{"Content-Type", "text/html"}}, .body = "<html></html>"};
    if (mirror.bad == SimMirror::Bad::blob403 && blob) return {.status = 403, .body = "no"};
    if (blob && !mirror.redirect_to.empty())
        return {.status = 307, .headers = {{"Location", cat("http://", mirror.redirect_to, path)}}};
    if (!blob) {
        bool child = path.ends_with(sha256_digest(docs.manifest));
        return {.headers = {{"Content-Type", child ? "application/vnd.oci.image.manifest.v1+json"
                                                   : "application/vnd.oci.image.index.v1+json"}},
                .body = child ? docs.manifest : docs.index};
    }
    if (path.ends_with(sha256_digest(docs.config)))
        return {.body = mirror.bad == SimMirror::Bad::corrupt ? std::string(docs.config.size(), 'x')
                                                              : docs.config};
    for (auto size : kLayers)
        if (path.ends_with(layer_digest(size))) return blob_answer(request, size);
    return {.status = 404, .body = "no"};
}

std::unique_ptr<SimNet> net_of(const SimWorld& world, support::FakeClock& clock) {
    auto net = std::make_unique<SimNet>(
        clock, world.line,
        [&world](const std::string& host, const net::Request& request) {
            return serve(world, host, request);
        },
        world.seed);
    net->share_at_least(world.least_share);
    for (const auto& mirror : world.mirrors) net->add(mirror.name, mirror.host);
    return net;
}

struct Counter : net::Handler {
    bool done = false;
    bool on_headers(const net::Response& /*response*/) override { return true; }
    bool on_body(std::string_view /*bytes*/, double /*at*/) override { return true; }
    void on_done(const net::Response& /*response*/) override { done = true; }
};

struct Quiet : Observer {
    void on(const Event& /*event*/) override {}
};

struct Draft {
    std::mt19937 random;
    SimWorld world;

    Draft(char family, unsigned seed, double line_mbit)
        : random(seed * 131 + static_cast<unsigned>(family)),
          world{.family = std::string(1, family), .seed = seed, .line = line_mbit * kMbit} {}
    double uniform(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random);
    }
    double spread(double low, double high) { return std::exp(uniform(std::log(low), std::log(high))); }
    int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }
    SimMirror& add(const std::string& name, double mbit, double rtt_ms) {
        auto& mirror = world.mirrors.emplace_back(SimMirror{.name = name + ".test", .host = {}});
        mirror.host.rate = mbit * uniform(0.9, 1.1) * kMbit;
        mirror.host.rtt = rtt_ms * uniform(0.85, 1.15) / 1000;
        mirror.host.queue = std::max(0.1, 48000 / mirror.host.rate);
        return mirror;
    }
    void burst(const std::string& name, double mbit, double rtt_ms, double mib, double after) {
        auto& host = add(name, mbit, rtt_ms).host;
        host.burst = static_cast<std::int64_t>(mib * kMiB);
        host.after_burst = after;
    }
    SimWorld done() {
        std::shuffle(world.mirrors.begin(), world.mirrors.end(), random);
        return std::move(world);
    }
};

void add_live(Draft& draft) {
    struct Row {
        double mbit;
        double rtt;
    };
    draft.add("origin", 1.6, 160);
    for (auto [mbit, rtt] : std::initializer_list<Row>{{60, 30},
                                                       {48, 45},
                                                       {40, 8},
                                                       {32, 25},
                                                       {27, 60},
                                                       {20, 35},
                                                       {16, 20},
                                                       {12, 50},
                                                       {8, 90},
                                                       {4, 120},
                                                       {2, 3},
                                                       {1, 2},
                                                       {0.5, 200}})
        draft.add(cat("m", static_cast<int>(mbit * 10)), mbit, rtt);
}

void add_broken(Draft& draft) {
    draft.add("hole1", 50, 20).host.hole = true;
    draft.add("hole2", 50, 40).host.hole = true;
    draft.add("tarpit", 80, 4).host.silent = true;
    draft.add("html", 150, 3).bad = SimMirror::Bad::html;
    draft.add("blob403", 80, 6).bad = SimMirror::Bad::blob403;
    draft.add("rl429", 100, 6).host.refuses_after = 3;
    draft.add("redirect", 80, 5).redirect_to = "m10.test";
    draft.add("delay", 100, 10).host.wait_per_mib = 1;
    draft.burst("burst", 120, 10, 4, 128000);
}

SimWorld mixed(char family, unsigned seed, double line) {
    Draft draft(family, seed, line);
    add_live(draft);
    if (family != 'D') add_broken(draft);
    return draft.done();
}

SimWorld long_and_fat(unsigned seed) {
    Draft draft('C', seed, 200);
    struct Row {
        double mbit;
        double rtt;
    };
    for (auto [mbit, rtt] : std::initializer_list<Row>{{150, 180},
                                                       {100, 220},
                                                       {80, 150},
                                                       {60, 250},
                                                       {40, 10},
                                                       {25, 6},
                                                       {20, 5},
                                                       {16, 4},
                                                       {12, 2},
                                                       {10, 3},
                                                       {6, 2}})
        draft.add(cat("m", mbit), mbit, rtt);
    draft.add("origin", 1.6, 160);
    return draft.done();
}

SimWorld crowd(unsigned seed) {
    Draft draft('E', seed, 200);
    draft.add("origin", 1.6, 160);
    draft.add("m60", 60, 30);
    draft.add("m52", 52, 40);
    constexpr double kTrips[] = {3, 8, 15, 25, 40, 60, 90, 140, 200};
    for (int i = 0; i < 33; ++i)
        draft.add(cat("live", i), 48 * std::pow(0.88, i) + 0.4, kTrips[draft.whole(0, 8)]);
    constexpr double kFast[] = {60, 80, 120, 150};
    for (int i = 0; i < 12; ++i) {
        auto& bad = draft.add(cat("bad", i), 80, 10);
        bad.host.hole = i < 4;
        bad.host.silent = i >= 4 && i < 6;
        if (i >= 6) bad.bad = i % 2 == 0 ? SimMirror::Bad::html : SimMirror::Bad::corrupt;
    }
    for (int i = 0; i < 4; ++i)
        draft.burst(cat("burst", i), kFast[draft.whole(0, 3)], draft.whole(3, 40), i < 2 ? 4 : 2,
                    i < 2 ? 128000 : 64000);
    for (int i = 0; i < 5; ++i)
        draft.add(cat("redirect", i), kFast[draft.whole(0, 3)], draft.whole(3, 40)).redirect_to =
            cat("live", 28 + i, ".test");
    draft.add("delay", 100, 10).host.wait_per_mib = 1;
    return draft.done();
}

SimWorld ties(unsigned seed) {
    Draft draft('F', seed, 200);
    draft.add("origin", 1.6, 160);
    for (int i = 0; i < 12; ++i) draft.add(cat("tie", i), 40, 12 + i).host.rate = (37 + 6.0 * i / 11) * kMbit;
    return draft.done();
}

void add_bad(Draft& draft, const std::string& name, double top) {
    auto& bad = draft.add(name, draft.spread(top / 4, top * 1.5), draft.spread(2, 120));
    auto& host = bad.host;
    constexpr double kAfter[] = {64000, 128000, 400000};
    switch (draft.whole(0, 8)) {
        case 0:
            host.hole = true;
            break;
        case 1:
            host.silent = true;
            break;
        case 2:
            bad.bad = SimMirror::Bad::html;
            break;
        case 3:
            bad.bad = SimMirror::Bad::corrupt;
            break;
        case 4:
            host.refuses_after = draft.whole(1, 4);
            break;
        case 5:
            bad.redirect_to = "live0.test";
            break;
        case 6:
            host.wait_per_mib = draft.whole(0, 1) == 0 ? 0.3 : 1;
            break;
        case 7:
            host.per_flow = kAfter[draft.whole(0, 2)];
            break;
        default:
            host.burst = std::int64_t{draft.whole(1, 6)} * kMiB;
            host.after_burst = kAfter[draft.whole(0, 2)];
    }
}

// Some of the mirrors are nginx with limit_rate: a second's worth at once, then lumps of 64 KiB.
SimWorld anything(unsigned seed) {
    Draft draft('K', seed, 100);
    draft.world.line = draft.spread(8, 200) * kMbit;
    draft.add("origin", 1.6, 160);
    double top = draft.spread(15, 120);
    int live = draft.whole(3, 24);
    for (int i = 0; i < live; ++i) {
        auto& host = draft.add(cat("live", i), draft.spread(top / 60, top), draft.spread(2, 200)).host;
        if (draft.whole(0, 7) != 0) continue;
        host.after_burst = host.rate * draft.uniform(0.1, 0.6);
        host.burst = static_cast<std::int64_t>(host.after_burst);
        host.chunk = 65536;
    }
    int bad = draft.whole(0, live);
    for (int i = 0; i < bad; ++i) add_bad(draft, cat("bad", i), top);
    return draft.done();
}

}  // namespace

// A mirror of the world; every name in it is known.
const SimMirror& SimWorld::at(const std::string& name) const {
    return *std::find_if(mirrors.begin(), mirrors.end(), [&](const auto& m) { return m.name == name; });
}

SimWorld sim_world(char family, unsigned seed) {
    switch (family) {
        case 'B':
            return mixed('B', seed, 5);
        case 'C':
            return long_and_fat(seed);
        case 'E':
            return crowd(seed);
        case 'F':
            return ties(seed);
        case 'K':
            return anything(seed);
        default:
            return mixed(family, seed, 200);
    }
}

double sim_pull(const SimWorld& world, const SimMirror& mirror, double give_up) {
    const auto& host = mirror.host;
    if (host.hole || host.silent || host.refuses_after >= 0 || mirror.bad != SimMirror::Bad::no)
        return std::numeric_limits<double>::infinity();
    support::FakeClock clock;
    auto net = net_of(world, clock);
    const auto& bearer = mirror.redirect_to.empty() ? mirror : world.at(mirror.redirect_to);
    std::vector<Counter> counters(std::size(kLayers));
    for (std::size_t i = 0; i < counters.size(); ++i) {
        net::Request request{.url = *parse_url(cat("http://", bearer.name, "/v2/library/busybox/blobs/",
                                                   layer_digest(kLayers[i])))};
        request.deadline = 0;
        request.max_body_bytes = 1LL << 40U;
        net->start(request, counters[i]);
    }
    while (net->turn(1.0) && clock.now() - 1000 < give_up) {
    }
    return clock.now() - 1000 + 4 * host.rtt + (&bearer == &mirror ? 0 : 2 * host.rtt);
}

SimRun sim_run(const SimWorld& world) {
    support::FakeClock clock;
    auto net = net_of(world, clock);
    Upstream upstream{.name = "docker.io", .origin = *parse_url("http://origin.test")};
    upstream.canaries = {{.image = "library/busybox:1.36", .digest = sha256_digest(documents().index)}};
    for (const auto& mirror : world.mirrors) {
        if (mirror.name == "origin.test") continue;
        Mirror one{.url = *parse_url("http://" + mirror.name), .operator_name = {}};
        one.insecure = true;
        upstream.mirrors.push_back(one);
    }
    net->busy_node(world.pauses);
    Quiet quiet;
    SimRun out;
    double start = clock.now();
    out.report = run({.profile = {.name = "sim", .upstreams = {upstream}}, .seconds = world.budget}, *net,
                     clock, quiet);
    out.seconds = clock.now() - start;
    out.mib = static_cast<double>(net->arrived()) / kMiB;
    const auto& first = out.report.upstreams.at(0).ranking.at(0);
    out.pick = first.usable ? first.mirror.url.host : "";
    double best = std::numeric_limits<double>::infinity();
    for (const auto& mirror : world.mirrors) {
        best = std::min(best, sim_pull(world, mirror, std::min(best, 3000.0)));
        out.most_requests = std::max(out.most_requests, net->requests_to(mirror.name));
    }
    if (out.pick.empty()) return out;
    const auto& picked = world.at(out.pick);
    out.regret = sim_pull(world, picked) / best;
    const auto& host = picked.host;
    out.throttled = out.regret > 2 && (host.after_burst > 0 || host.wait_per_mib > 0 || host.per_flow > 0 ||
                                       !picked.redirect_to.empty());
    return out;
}

}  // namespace mirrorctl::bench
