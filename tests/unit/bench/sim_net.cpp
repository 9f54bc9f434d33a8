#include "sim_net.hpp"

#include <algorithm>
#include <cmath>

namespace mirrorctl::bench {

namespace {

constexpr double kStep = 0.004;
constexpr double kFirstWindow = 10 * 1448.0;  // RFC 6928
constexpr double kQueue = 0.05;               // seconds that routers on the way hold

Error timeout() {
    return {.code = ErrorCode::network, .message = "timed out", .cause = 28};
}

}  // namespace

net::RequestId SimNet::start(const net::Request& request, net::Handler& handler) {
    auto& host = hosts_.at(request.url.host);
    Flow flow{.host = request.url.host, .request = request, .handler = &handler, .answer = {}};
    flow.answer = serve_(flow.host, request);
    if (host.is.refuses_after >= 0 && host.requests >= host.is.refuses_after)
        flow.answer = {.status = 429, .body = "no"};
    ++host.requests;
    flow.begin = clock_.now();
    double trips = 2;
    auto& timing = flow.response.timing;
    if (host.idle > 0) {
        --host.idle;
        flow.response.reused_connection = true;
        trips = 1;
    } else {
        timing.dns = 0;
        timing.connect = timing.tls = host.is.rtt;
    }
    std::uniform_real_distribution<double> jitter(1.0, 1.05);
    double mib = static_cast<double>(flow.answer.blob_size) / (1 << 20);
    timing.first_byte = trips * host.is.rtt * jitter(random_) + 0.001 + host.is.wait_per_mib * mib;
    flow.headers_at = host.is.hole || host.is.silent ? 1e18 : flow.begin + timing.first_byte;
    flow.limit = flow.begin + (request.deadline > 0 ? request.deadline : 1e6);
    if (host.is.hole) flow.limit = std::min(flow.limit, flow.begin + request.connect_timeout);
    flow.luck = std::uniform_real_distribution<double>(least_luck_, 1.4)(random_);
    auto id = ++last_;
    flows_.emplace(id, std::move(flow));
    return id;
}

void SimNet::cancel(net::RequestId id) {
    auto found = flows_.find(id);
    if (found == flows_.end()) return;
    auto& flow = found->second;
    flow.handler = nullptr;
    flow.ghost_until = clock_.now() + hosts_.at(flow.host).is.rtt + kQueue;
    if (!flow.body) flows_.erase(found);
}

double SimNet::window_rate(const Flow& flow) const {
    double rtt = hosts_.at(flow.host).is.rtt;
    double rounds = std::min(30.0, std::floor((clock_.now() - flow.headers_at) / rtt));
    return kFirstWindow * std::exp2(std::max(0.0, rounds)) / rtt;
}

// What comes behind a lost packet waits in the kernel until that one was sent again: a flow that has filled a
// queue shows silence for a round trip and what the queue holds, and then all of it at once.
bool SimNet::lost_a_packet(Flow& flow) {
    const auto& host = hosts_.at(flow.host).is;
    bool paced = host.per_flow > 0 || (host.after_burst > 0 && flow.came >= static_cast<double>(host.burst));
    if (host.queue <= 0 || paced) return false;
    double now = clock_.now();
    if (flow.stalls_at < 0 && window_rate(flow) > 2 * flow.rate) flow.stalls_at = now + next_loss_(random_);
    if (flow.stalls_at < 0 || now < flow.stalls_at) return false;
    if (flow.stalled_until < flow.stalls_at) flow.stalled_until = now + host.rtt + host.queue;
    if (now < flow.stalled_until) return true;
    flow.stalls_at = now + next_loss_(random_);
    return false;
}

// What window and server allow, before it meets others.
double SimNet::wanted(const Flow& flow) const {
    const auto& host = hosts_.at(flow.host).is;
    double age = std::max(0.0, clock_.now() - flow.headers_at);
    double rate = std::min(window_rate(flow), host.rate);
    if (host.per_flow > 0) rate = std::min(rate, host.per_flow);
    bool spent = host.after_burst > 0 && flow.came >= static_cast<double>(host.burst);
    if (!spent) return rate;
    if (host.chunk <= 0) return std::min(rate, host.after_burst);
    // A lump as soon as it is due, nothing in between.
    double due = host.after_burst * age - (flow.came - static_cast<double>(host.burst));
    return due >= 0 ? std::min(rate, host.chunk / kStep) : 0;
}

// Max-min fair, weighted by luck.
void SimNet::share(std::vector<Flow*> flows, double Flow::*cap, double capacity) const {
    std::sort(flows.begin(), flows.end(),
              [&](const Flow* a, const Flow* b) { return a->*cap / a->luck < b->*cap / b->luck; });
    double weights = 0;
    for (const auto* flow : flows) weights += flow->luck;
    for (auto* flow : flows) {
        flow->*cap = std::min(flow->*cap, capacity * flow->luck / weights);
        capacity -= flow->*cap;
        weights -= flow->luck;
    }
}

void SimNet::set_rates() {
    std::map<std::string, std::vector<Flow*>> by_host;
    std::vector<Flow*> all;
    for (auto& [id, flow] : flows_) {
        if (!flow.body) continue;
        flow.rate = wanted(flow);
        by_host[flow.host].push_back(&flow);
        all.push_back(&flow);
    }
    for (auto& [name, flows] : by_host) share(flows, &Flow::rate, hosts_.at(name).is.rate);
    share(all, &Flow::rate, line_);
}

// One step of time; true if a handler was told something.
bool SimNet::step(double seconds) {
    set_rates();
    double before = stepped_at_ > 0 ? clock_.now() - stepped_at_ : 0;  // somebody slept
    double soonest = clock_.now() + seconds;
    bool moving = false;
    for (const auto& [id, flow] : flows_) {
        moving = moving || flow.body;
        if (!flow.body && flow.handler != nullptr)
            soonest = std::min(soonest, std::max(clock_.now(), std::min(flow.headers_at, flow.limit)));
    }
    double by = std::min(soonest - clock_.now(), moving ? kStep : seconds);
    for (auto& [id, flow] : flows_)
        if (flow.body) {
            double left = static_cast<double>(flow.answer.blob) - flow.came;
            double fresh = std::max(0.0, std::min(left, flow.rate * (by + before)));
            flow.came += fresh;
            arrived_ += fresh;
        }
    clock_.advance(by);
    stepped_at_ = clock_.now();
    std::erase_if(flows_, [&](const auto& entry) {
        return entry.second.handler == nullptr && clock_.now() >= entry.second.ghost_until;
    });
    std::vector<net::RequestId> ids;
    for (const auto& [id, flow] : flows_) ids.push_back(id);
    bool told = false;
    for (auto id : ids) told = (flows_.contains(id) && deliver(id)) || told;
    return told;
}

bool SimNet::deliver(net::RequestId id) {
    static const std::string kBytes(256U << 10U, 'x');
    auto* flow = &flows_.at(id);
    if (flow->handler == nullptr) return false;
    if (clock_.now() >= flow->limit) return finish(id, timeout()), true;
    if (!flow->body && clock_.now() + 1e-9 < flow->headers_at) return false;
    if (!flow->body) {
        flow->body = true;
        flow->response.status = flow->answer.status;
        flow->response.headers = flow->answer.headers;
        bool go_on = flow->handler->on_headers(flow->response);
        if (!flows_.contains(id)) return true;
        if (!go_on) return finish(id, std::nullopt), true;
        if (flow->answer.blob > 0) return true;
        flow->response.bytes = static_cast<std::int64_t>(flow->answer.body.size());
        arrived_ += static_cast<double>(flow->response.bytes);
        auto body = flow->answer.body;
        if (!body.empty()) flow->handler->on_body(body, clock_.now() - flow->begin);
        if (flows_.contains(id)) finish(id, std::nullopt);
        return true;
    }
    if (lost_a_packet(*flow)) return false;
    auto fresh = static_cast<std::size_t>(flow->came + 0.5) - static_cast<std::size_t>(flow->delivered);
    if (fresh == 0) return false;
    fresh = std::min(fresh, kBytes.size());
    flow->delivered += static_cast<double>(fresh);
    flow->response.bytes += static_cast<std::int64_t>(fresh);
    bool go_on =
        flow->handler->on_body(std::string_view(kBytes).substr(0, fresh), clock_.now() - flow->begin);
    if (!flows_.contains(id) || flows_.at(id).handler == nullptr) return true;
    if (!go_on || flow->delivered >= static_cast<double>(flow->answer.blob)) {
        flow->response.truncated = !go_on;
        finish(id, std::nullopt);
    }
    return true;
}

void SimNet::finish(net::RequestId id, std::optional<Error> error) {
    const auto& flow = flows_.at(id);
    auto* handler = flow.handler;
    auto response = flow.response;
    response.timing.total = clock_.now() - flow.begin;
    bool whole = !error && flow.delivered >= static_cast<double>(flow.answer.blob);
    if (whole) {
        ++hosts_.at(flow.host).idle;
        flows_.erase(id);
    } else {
        cancel(id);
    }
    response.error = std::move(error);
    handler->on_done(response);
}

bool SimNet::turn(double seconds) {
    double end = clock_.now() + seconds;
    auto busy = [&] {
        return std::any_of(flows_.begin(), flows_.end(),
                           [](const auto& entry) { return entry.second.handler != nullptr; });
    };
    if (!busy()) return false;
    if (pauses_ > 0 && clock_.now() >= runs_until_) {
        std::exponential_distribution<double> some{1 / pauses_};
        if (runs_until_ > 0) clock_.advance(some(random_));
        runs_until_ = clock_.now() + some(random_);
    }
    while (!step(std::max(0.0, end - clock_.now())) && clock_.now() < end - 1e-9) {
    }
    return busy();
}

}  // namespace mirrorctl::bench
