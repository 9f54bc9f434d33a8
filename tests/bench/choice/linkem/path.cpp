#include "path.hpp"

#include <algorithm>

namespace linkem {

double Bottleneck::pass(double now, std::size_t bytes) {
    if (rate_ <= 0) return now;
    const double waiting = std::max(0.0, busy_until_ - now) * rate_;
    if (waiting > 0 && waiting + static_cast<double>(bytes) > queue_) return kNever;
    busy_until_ = std::max(now, busy_until_) + static_cast<double>(bytes) / rate_;
    return busy_until_;
}

double Network::towards_client(Address mirror, double now, std::size_t bytes) {
    auto found = mirrors.find(mirror);
    if (found == mirrors.end() || found->second.hole) return kNever;
    MirrorPath& path = found->second;
    const double sent = path.bottleneck.pass(now, bytes);
    if (sent == kNever) {
        ++path.counts.queue_drops;
        return kNever;
    }
    if (path.loss > 0 && unit_(random_) < path.loss) {
        ++path.counts.losses;
        return kNever;
    }
    path.counts.bytes += bytes;
    ++path.counts.packets;
    path.last_down = std::max(path.last_down, sent + path.delay + between(path.jitter));
    return path.last_down;
}

double Network::through_access(Address client, double now, std::size_t bytes) {
    auto found = clients.find(client);
    if (found == clients.end()) return kNever;
    AccessLink& link = found->second;
    const double sent = link.bottleneck.pass(now, bytes);
    if (sent == kNever) {
        ++link.counts.queue_drops;
        return kNever;
    }
    link.counts.bytes += bytes;
    ++link.counts.packets;
    return sent;
}

double Network::towards_mirror(Address mirror, double now) {
    auto found = mirrors.find(mirror);
    if (found == mirrors.end() || found->second.hole) return kNever;
    MirrorPath& path = found->second;
    path.last_up = std::max(path.last_up, now + path.delay + between(path.jitter));
    return path.last_up;
}

}  // namespace linkem
