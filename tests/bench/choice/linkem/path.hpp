// The path between a client and the mirrors as a model of queues: pure, told what time it is.
//
//   mirror -> its own bottleneck (rate, drop-tail queue) -> loss -> one-way delay + jitter -> the client's
//   access link (rate, drop-tail queue) -> client
//
// The way back has the delay and the jitter only: requests and acknowledgements are small.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <random>

namespace linkem {

constexpr double kNever = std::numeric_limits<double>::infinity();

// One transmitter that sends one packet after another, with a queue in front of it that drops what does not
// fit.
class Bottleneck {
  public:
    Bottleneck() = default;
    // Bytes per second (0 = no limit) and bytes that may wait.
    Bottleneck(double rate, double queue) : rate_(rate), queue_(queue) {}

    void set_rate(double rate) { rate_ = rate; }
    // When the last bit of a packet that comes at `now` has left; kNever if it is dropped.
    double pass(double now, std::size_t bytes);

  private:
    double rate_ = 0;
    double queue_ = 0;
    double busy_until_ = 0;
};

// What passed and what did not, towards the client.
struct Counts {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t queue_drops = 0;
    std::uint64_t losses = 0;
};

struct MirrorPath {
    double rate = 0;
    double queue = 256 * 1024;
    double delay = 0;   // seconds one way; the round trip has it twice
    double jitter = 0;  // up to this much more, each way; packets keep their order
    double loss = 0;    // share of packets lost towards the client
    bool hole = false;  // nothing gets there
    Bottleneck bottleneck = {};
    double last_down = 0, last_up = 0;
    Counts counts = {};
};

struct AccessLink {
    Bottleneck bottleneck = {};
    Counts counts = {};
};

// Addresses are IPv4 in host order.
using Address = std::uint32_t;

class Network {
  public:
    explicit Network(std::uint64_t seed) : random_(seed) {}

    std::map<Address, MirrorPath> mirrors;
    std::map<Address, AccessLink> clients;

    // When a packet from a mirror arrives before the client's access link; kNever if it is lost.
    double towards_client(Address mirror, double now, std::size_t bytes);
    // When it has passed the access link.
    double through_access(Address client, double now, std::size_t bytes);
    // When a packet from a client arrives at a mirror.
    double towards_mirror(Address mirror, double now);

  private:
    double between(double most) { return most > 0 ? unit_(random_) * most : 0; }

    std::mt19937_64 random_;
    std::uniform_real_distribution<double> unit_{0.0, 1.0};
};

}  // namespace linkem
