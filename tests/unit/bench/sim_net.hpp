// A Transport over simulated lines: flows in slow start that share a mirror's line and the node's own, as TCP
// does, on fake time. Coarser than the world lab, and a thousand times faster.
#pragma once

#include "net/transport.hpp"
#include "support/fake_clock.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace mirrorctl::bench {

// One end of the network. Rates are bytes per second.
struct SimHost {
    double rate = 1e6;
    double rtt = 0.02;
    std::int64_t burst = 0;  // of every answer so many bytes come at full rate,
    double after_burst = 0;  // the rest at this one
    double chunk = 0;        // ... in lumps of so many bytes, as nginx's limit_rate sends them
    double per_flow = 0;     // what one connection gets at most; 0 = all
    double queue =
        0;  // seconds that its line can hold; a flow that fills it loses a packet; 0 = none is lost
    double wait_per_mib = 0;  // seconds before it serves, for each MiB of the blob
    bool hole = false;        // does not even connect
    bool silent = false;      // connects, and that is all
    int refuses_after = -1;   // requests; then 429
};

struct SimAnswer {
    int status = 200;
    std::vector<net::Header> headers = {};
    std::string body = {};
    std::int64_t blob = 0;  // instead of `body`: so many bytes of no matter what, of a blob of this size
    std::int64_t blob_size = 0;
};

class SimNet : public net::Transport {
  public:
    using Serve = std::function<SimAnswer(const std::string& host, const net::Request&)>;

    SimNet(support::FakeClock& clock, double line, Serve serve, unsigned seed)
        : clock_(clock), line_(line), serve_(std::move(serve)), random_(seed) {}
    void add(const std::string& name, const SimHost& host) { hosts_[name].is = host; }
    // Of its fair share of a full line, the unluckiest flow gets this part.
    void share_at_least(double part) { least_luck_ = part; }
    // The process gets no CPU for `seconds` on average, half of the time.
    void busy_node(double seconds) { pauses_ = seconds; }
    std::int64_t arrived() const { return static_cast<std::int64_t>(arrived_); }  // counted or not
    int requests_to(const std::string& name) { return hosts_[name].requests; }

    net::RequestId start(const net::Request& request, net::Handler& handler) override;
    void cancel(net::RequestId id) override;
    void hold(net::RequestId /*id*/) override {}
    void go_on(net::RequestId /*id*/) override {}
    bool turn(double seconds) override;

  private:
    struct HostState {
        SimHost is;
        int idle = 0;  // connections that can be used again
        int requests = 0;
    };
    struct Flow {
        std::string host;
        net::Request request;
        net::Handler* handler = nullptr;
        SimAnswer answer;
        net::Response response = {};
        double begin = 0;
        double headers_at = 0;
        double limit = 0;
        double came = 0;       // bytes of the body,
        double delivered = 0;  // and what the handler has of them
        double luck = 1;       // share of a full line that it gets, beside the others
        double rate = 0;
        double stalls_at = -1;     // a packet is lost: nothing is handed up
        double stalled_until = 0;  // until it came again
        bool body = false;
        double ghost_until = 0;  // cancelled: what was on its way still uses the line
    };
    double wanted(const Flow& flow) const;
    bool lost_a_packet(Flow& flow);
    double window_rate(const Flow& flow) const;
    void share(std::vector<Flow*> flows, double Flow::*cap, double capacity) const;
    void set_rates();
    bool step(double seconds);
    bool deliver(net::RequestId id);
    void finish(net::RequestId id, std::optional<Error> error);

    support::FakeClock& clock_;
    double line_;
    Serve serve_;
    std::mt19937 random_;
    std::exponential_distribution<double> next_loss_{0.8};  // per second of a full queue
    double least_luck_ = 0.7;
    std::map<std::string, HostState> hosts_;
    std::map<net::RequestId, Flow> flows_;
    net::RequestId last_ = 0;
    double arrived_ = 0;
    double stepped_at_ = 0;
    double pauses_ = 0;
    double runs_until_ = 0;
};

}  // namespace mirrorctl::bench
