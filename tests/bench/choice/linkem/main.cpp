// linkem CONFIG: emulates the paths from clients to mirrors (config.hpp) between two network namespaces of
// its own. Real TCP runs at both ends. Prints one JSON line when packets flow: where the namespaces are, for
// nsenter. Commands on standard input, answered by one line each: "counts", "rate ADDRESS BYTES", "hole
// ADDRESS 0|1". Ends with its standard input. Exit 77: no root or no TUN here.
#include "config.hpp"
#include "ends.hpp"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <queue>
#include <vector>

namespace linkem {
namespace {

constexpr int kNotHere = 77;
constexpr std::size_t kLargestPacket = 1500;
constexpr int kBatch = 64;  // packets read before others get their turn

double seconds_now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

enum class Stage { access, client, mirror };

struct Packet {
    std::vector<char> bytes;
    Stage next = Stage::mirror;
    Address client = 0;
};

struct Due {
    double when = 0;
    std::uint64_t order = 0;  // of two at the same time the older one goes first
    std::unique_ptr<Packet> packet;
    bool operator<(const Due& other) const {
        return when != other.when ? when > other.when : order > other.order;
    }
};

class Emulator {
  public:
    Emulator(const Config& config, End client, End mirror)
        : network_(config.seed), client_(client), mirror_(mirror) {
        network_.mirrors = config.mirrors;
        network_.clients = config.clients;
    }

    void run() {
        pollfd watched[3] = {{client_.tun, POLLIN, 0}, {mirror_.tun, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        for (bool open = true; open;) {
            const timespec wait = time_to_wait();
            ppoll(watched, 3, due_.empty() ? nullptr : &wait, nullptr);
            take_in(client_.tun, false);
            take_in(mirror_.tun, true);
            let_out(seconds_now());
            if (watched[2].revents != 0) open = obey();
        }
    }

  private:
    timespec time_to_wait() const {
        const double left = due_.empty() ? 0 : std::max(0.0, due_.top().when - seconds_now());
        const double whole = static_cast<double>(static_cast<long>(left));
        return {static_cast<time_t>(whole), static_cast<long>((left - whole) * 1e9)};
    }

    void take_in(int tun, bool from_mirror) {
        char bytes[kLargestPacket];
        for (int i = 0; i < kBatch; ++i) {
            const ssize_t n = read(tun, bytes, sizeof bytes);
            if (n < static_cast<ssize_t>(sizeof(iphdr))) return;
            iphdr header{};
            std::memcpy(&header, bytes, sizeof header);
            if (header.version != 4) continue;  // IPv6 leads nowhere here
            const double now = seconds_now();
            const auto size = static_cast<std::size_t>(n);
            const Address from = ntohl(header.saddr), to = ntohl(header.daddr);
            const double when =
                from_mirror ? network_.towards_client(from, now, size) : network_.towards_mirror(to, now);
            if (when == kNever) continue;
            auto packet = std::make_unique<Packet>();
            packet->bytes.assign(bytes, bytes + n);
            packet->next = from_mirror ? Stage::access : Stage::mirror;
            packet->client = from_mirror ? to : from;
            due_.push({when, order_++, std::move(packet)});
        }
    }

    void let_out(double now) {
        while (!due_.empty() && due_.top().when <= now) {
            // top() is const, and the packet is not ordered by.
            Due due = std::move(const_cast<Due&>(due_.top()));
            due_.pop();
            Packet& packet = *due.packet;
            if (packet.next == Stage::access) {
                const double when = network_.through_access(packet.client, due.when, packet.bytes.size());
                if (when == kNever) continue;
                packet.next = Stage::client;
                due_.push({when, order_++, std::move(due.packet)});
                continue;
            }
            const int tun = packet.next == Stage::client ? client_.tun : mirror_.tun;
            [[maybe_unused]] const ssize_t n = write(tun, packet.bytes.data(), packet.bytes.size());
        }
    }

    // False at the end of the input.
    bool obey() {
        char chunk[4096];
        const ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
        if (n <= 0) return false;
        commands_.append(chunk, static_cast<std::size_t>(n));
        for (auto end = commands_.find('\n'); end != std::string::npos; end = commands_.find('\n')) {
            const std::string line = commands_.substr(0, end);
            commands_.erase(0, end + 1);
            if (line == "counts") {
                std::cout << counts_json(network_) << std::endl;
            } else {
                std::cout << (change(line, network_) ? "ok" : "error: not understood") << std::endl;
            }
        }
        return true;
    }

    Network network_;
    End client_, mirror_;
    std::priority_queue<Due> due_;
    std::uint64_t order_ = 0;
    std::string commands_;
};

int serve(const char* file) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    Config config;
    End client, mirror;
    std::string why;
    if (!read_config(file, config, why)) {
        std::cerr << "linkem: " << why << "\n";
        return 2;
    }
    if (!make_client_end(config.v6, client, why) || !make_mirror_end(mirror, why)) {
        std::cerr << "linkem: no network of its own to be had here: " << why << "\n";
        return kNotHere;
    }
    const std::string place = "/proc/" + std::to_string(getpid()) + "/fd/";
    std::cout << R"({"client":")" << place << client.name_space << R"(","mirror":")" << place
              << mirror.name_space << "\"}" << std::endl;
    Emulator(config, client, mirror).run();
    return 0;
}

}  // namespace
}  // namespace linkem

int main(int argc, char** argv) {
    if (argc == 2) return linkem::serve(argv[1]);
    std::fputs("usage: linkem CONFIG\n", stderr);
    return 2;
}
