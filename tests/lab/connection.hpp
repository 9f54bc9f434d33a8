// One client connection: reads requests, waits as the scenario says, plays the answers.
#pragma once

#include "lab/behaviour.hpp"
#include "lab/log.hpp"
#include "lab/pacer.hpp"
#include "lab/tls.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace mirrorctl::lab {

constexpr double kNever = std::numeric_limits<double>::infinity();

// What the connections of one port share.
struct Site {
    std::string name;
    const MirrorSpec* mirror = nullptr;  // nullptr: the token server
    const TlsServer* tls = nullptr;
    Memory memory = {};
    Bucket shared = Bucket{};
};

// What all connections share.
struct Lab {
    World world;
    AccessLog log;
    Bucket access;
};

class Connection {
  public:
    Connection(int fd, std::uint64_t id, Site& site, Lab& lab);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd() const { return channel_.fd(); }
    const Site& site() const { return site_; }
    // Does what can be done at `now` (seconds, monotonic).
    void advance(double now);
    // Bytes sent lately (the weight of older ones halves every 100 ms): who has least goes first where a link
    // is shared.
    double sent_lately(double now) const;
    // The client has closed its end.
    void hang_up();
    bool finished() const { return phase_ == Phase::finished; }
    // When advance() is to be called without an event; kNever if only an event matters.
    double wake_at() const { return wake_at_; }
    bool wants_write() const { return wants_write_; }
    bool wants_read() const { return phase_ == Phase::handshake || phase_ == Phase::reading; }
    // No answer any more, the connection stays.
    void freeze();
    void reset();

  private:
    enum class Phase { hold, handshake, reading, waiting, head, body, frozen, finished };
    enum class Step { on, pause };

    Step hold(double now);
    Step handshake();
    Step reading(double now);
    Step waiting(double now);
    Step send_head();
    Step send_body(double now);
    void begin(const HttpRequest& request, double now);
    void end_answer();
    void finish(std::string_view how);
    std::string head_text() const;
    std::int64_t allowance(double now, std::int64_t wanted);
    bool shares_a_link() const { return site_.shared.rate() > 0 || lab_.access.rate() > 0; }
    void record(std::string_view how);

    Channel channel_;
    Site& site_;
    Lab& lab_;
    Phase phase_ = Phase::hold;
    double now_ = 0;
    double wake_at_ = 0;
    bool wants_write_ = false;
    bool close_after_ = false;
    std::string in_;
    std::string out_;  // bytes that the kernel has not taken yet
    std::size_t out_at_ = 0;
    Reply reply_;
    std::int64_t sent_ = 0;  // body bytes put into out_
    double lately_ = 0;
    double lately_at_ = 0;
    Bucket own_;
    Bucket throttled_;
    Ramp ramp_;
    Access access_;
    double asked_at_ = 0;
    int answers_ = 0;
    bool answering_ = false;
};

}  // namespace mirrorctl::lab
