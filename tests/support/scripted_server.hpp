// A server on loopback whose every connection runs a function of the test. All waits end when the server is
// destroyed.
#pragma once

#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mirrorctl::support {

// What scripts wrote down, in order.
class Notes {
  public:
    void add(std::string text) {
        std::lock_guard guard(mutex_);
        texts_.push_back(std::move(text));
    }
    std::vector<std::string> all() const {
        std::lock_guard guard(mutex_);
        return texts_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> texts_;
};

// One accepted connection, in a thread of its own.
class Connection {
  public:
    Connection(sys::Fd fd, int stop, Notes& notes) : fd_(std::move(fd)), stop_(stop), notes_(&notes) {}

    // Request line and headers up to the empty line; "" when the peer has closed.
    std::string read_head() {
        while (buffer_.find("\r\n\r\n") == std::string::npos)
            if (!receive()) return "";
        auto end = buffer_.find("\r\n\r\n") + 4;
        auto head = buffer_.substr(0, end);
        buffer_.erase(0, end);
        return head;
    }
    // Exactly that many bytes; fewer when the peer has closed.
    std::string read_bytes(std::size_t count) {
        while (buffer_.size() < count && receive()) {
        }
        auto bytes = buffer_.substr(0, count);
        buffer_.erase(0, bytes.size());
        return bytes;
    }
    // False when the peer is gone or the test is over.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            if (!wait(POLLOUT)) return false;
            auto done = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (done < 0 && errno != EAGAIN && errno != EINTR) return false;
            if (done > 0) bytes.remove_prefix(static_cast<std::size_t>(done));
        }
        return true;
    }
    bool answer(int status, std::string_view body, std::string_view more_headers = "") {
        return send(cat("HTTP/1.1 ", status, " Status\r\nContent-Length: ", body.size(), "\r\n", more_headers,
                        "\r\n", body));
    }
    // Until the peer closes or the test is over: a stall.
    void wait_for_close() {
        while (receive()) buffer_.clear();
    }
    void note(std::string text) { notes_->add(std::move(text)); }  // see ScriptedServer::notes
    // Ends the connection with RST instead of FIN.
    void reset() {
        linger hard{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        fd_.reset();
    }

  private:
    bool wait(short events) {
        pollfd fds[2] = {{fd_.get(), events, 0}, {stop_, POLLIN, 0}};
        while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
        }
        return (fds[1].revents & POLLIN) == 0;
    }
    bool receive() {
        char piece[4096];
        if (!fd_ || !wait(POLLIN)) return false;
        auto got = ::recv(fd_.get(), piece, sizeof piece, 0);
        if (got <= 0) return false;
        buffer_.append(piece, static_cast<std::size_t>(got));
        return true;
    }

    sys::Fd fd_;
    int stop_;
    Notes* notes_;
    std::string buffer_;
};

class ScriptedServer {
  public:
    using Script = std::function<void(Connection&)>;

    explicit ScriptedServer(Script script) : script_(std::move(script)), stop_(::eventfd(0, EFD_CLOEXEC)) {
        listener_ = sys::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener_.get(), 16);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    // Answers every request of every connection with this.
    static ScriptedServer::Script always(int status, std::string body, std::string more_headers = "") {
        return [=](Connection& connection) {
            while (!connection.read_head().empty()) connection.answer(status, body, more_headers);
        };
    }
    ~ScriptedServer() {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
        for (auto& thread : connections_) thread.join();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    int port() const { return port_; }
    std::string url(std::string_view path = "/") const { return cat("http://127.0.0.1:", port_, path); }
    int accepted() const { return accepted_; }
    std::vector<std::string> notes() const { return notes_.all(); }

  private:
    void accept_all() {
        for (;;) {
            pollfd fds[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
            if (::poll(fds, 2, -1) < 0 && errno == EINTR) continue;
            if ((fds[1].revents & POLLIN) != 0) return;
            sys::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd) continue;
            ++accepted_;
            connections_.emplace_back(
                [this, connection = Connection(std::move(fd), stop_.get(), notes_)]() mutable {
                    script_(connection);
                });
        }
    }

    Script script_;
    sys::Fd stop_;
    sys::Fd listener_;
    int port_ = 0;
    std::atomic<int> accepted_{0};
    Notes notes_;
    std::vector<std::thread> connections_;
    std::thread thread_;
};

}  // namespace mirrorctl::support
