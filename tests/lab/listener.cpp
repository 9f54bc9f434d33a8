#include "lab/listener.hpp"

#include "base/strings.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace mirrorctl::lab {
namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<SocketAddress> address_of(const std::string& text, int port) {
    SocketAddress out;
    sockaddr_in v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.length = sizeof v4;
        return out;
    }
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.length = sizeof v6;
    return out;
}

int port_of(int fd) {
    SocketAddress bound;
    bound.length = sizeof bound.storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length) != 0) return 0;
    if (bound.storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &bound.storage, sizeof v4);
        return ntohs(v4.sin_port);
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &bound.storage, sizeof v6);
    return ntohs(v6.sin6_port);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::bind_to(const std::string& address, int port,
                                                    const std::string& congestion) {
    auto out = std::unique_ptr<Listener>(new Listener);
    out->address_ = address;
    out->port_ = port;
    out->congestion_ = congestion;
    TRY(out->reopen());
    return out;
}

Listener::~Listener() {
    drop_fillers();
    if (fd_ >= 0) close(fd_);
}

std::string Listener::authority() const {
    const bool v6 = address_.find(':') != std::string::npos;
    return cat(v6 ? "[" : "", address_, v6 ? "]" : "", ":", port_);
}

Result<void> Listener::reopen() {
    if (fd_ >= 0) close(fd_);
    const auto address = address_of(address_, port_);
    if (!address)
        return Failure(
            Error{.code = ErrorCode::parse, .message = cat("listen: ", address_, ": not an address")});
    fd_ = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return Failure(errno_error(errno, "listen", address_));
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted connections inherit it (tcp(7), TCP_CONGESTION).
    if (!congestion_.empty() && setsockopt(fd_, IPPROTO_TCP, TCP_CONGESTION, congestion_.data(),
                                           static_cast<socklen_t>(congestion_.size())) != 0) {
        return Failure(errno_error(errno, "congestion control", congestion_));
    }
    if (bind(fd_, address->raw(), address->length) != 0)
        return Failure(errno_error(errno, "listen", authority()));
    port_ = port_of(fd_);
    door_ = Door::refused;
    return {};
}

Result<void> Listener::set(Door door) {
    drop_fillers();
    // Nothing takes a listening socket back to bound, so it is opened anew at the same port.
    if (door_ != Door::refused) TRY(reopen());
    if (door != Door::refused && listen(fd_, door == Door::hole ? 0 : 1024) != 0) {
        return Failure(errno_error(errno, "listen", authority()));
    }
    if (door == Door::hole) fill_queue();
    door_ = door;
    return {};
}

// With a backlog of 0 Linux queues one connection and drops the SYNs of all others (net/ipv4/tcp_input.c,
// sk_acceptq_is_full).
void Listener::fill_queue() {
    const auto address = address_of(address_, port_);
    for (int& filler : fillers_) {
        filler = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (filler < 0) continue;
        // Loopback delivers inside connect(), so the first filler stands in the queue when this returns.
        [[maybe_unused]] const int result = connect(filler, address->raw(), address->length);
    }
}

void Listener::drop_fillers() {
    for (int& filler : fillers_) {
        if (filler >= 0) close(filler);
        filler = -1;
    }
}

int Listener::accept_one() {
    if (door_ != Door::open) return -1;
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -1;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

}  // namespace mirrorctl::lab
