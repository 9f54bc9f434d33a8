#include "sys/unix_get.hpp"

#include "base/strings.hpp"
#include "sys/fd.hpp"
#include "sys/http_answer.hpp"
#include "sys/real_clock.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mirrorctl::sys {

namespace {

constexpr std::size_t kMostBytes = 4U << 20U;

// One conversation with a deadline. Every wait ends there.
class Conversation {
  public:
    Conversation(const std::string& socket_path, double timeout_seconds)
        : path_(socket_path), timeout_(timeout_seconds), end_(clock_.now() + timeout_seconds) {}

    Result<void> connect() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path_.empty() || path_.size() >= sizeof address.sun_path) return fail(ENAMETOOLONG);
        std::memcpy(address.sun_path, path_.data(), path_.size());
        fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!fd_) return fail(errno);
        // A full backlog is EAGAIN at once, without a way to wait for room (unix(7)).
        while (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return fail(errno);
            if (clock_.now() >= end_) return timed_out();
            clock_.sleep(0.01);
        }
        return {};
    }

    Result<void> send(std::string_view bytes) {
        while (!bytes.empty()) {
            TRY(wait(POLLOUT));
            auto done = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (done < 0 && errno != EINTR && errno != EAGAIN) return fail(errno);
            if (done > 0) bytes.remove_prefix(static_cast<std::size_t>(done));
        }
        return {};
    }

    Result<HttpAnswer> receive() {
        std::string received;
        std::array<char, 16 * 1024> piece;
        for (;;) {
            TRY(wait(POLLIN));
            auto got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (got < 0) return fail(errno);
            received.append(piece.data(), static_cast<std::size_t>(got));
            if (received.size() > kMostBytes)
                return Failure(
                    Error{.code = ErrorCode::http,
                          .message = cat("cannot ask ", path_, ": the answer is larger than 4 MiB")});
            auto answer = parse_http_answer(received, got == 0);
            if (!answer)
                return Failure(Error{.code = ErrorCode::network,
                                     .message = cat("cannot ask ", path_, ": ", answer.error().message)});
            if (*answer) return std::move(**answer);
        }
    }

  private:
    Failure fail(int errno_value) const {
        auto error = errno_error(errno_value, "cannot ask", path_);
        if (error.code == ErrorCode::io) error.code = ErrorCode::network;
        return Failure(std::move(error));
    }
    Failure timed_out() const {
        return Failure(
            Error{.code = ErrorCode::network,
                  .message = cat("cannot ask ", path_, ": no answer within ", format_duration(timeout_))});
    }
    Result<void> wait(short events) {
        for (;;) {
            double left = end_ - clock_.now();
            if (left <= 0) return timed_out();
            pollfd fd{fd_.get(), events, 0};
            int ready = ::poll(&fd, 1, static_cast<int>(std::min(left, 3600.0) * 1000) + 1);
            if (ready > 0) return {};
            if (ready < 0 && errno != EINTR) return fail(errno);
        }
    }

    RealClock clock_;
    std::string path_;
    double timeout_;
    double end_;
    Fd fd_;
};

}  // namespace

Result<std::string> unix_get(const std::string& socket_path, const std::string& url_path,
                             double timeout_seconds) {
    bool clean = std::all_of(url_path.begin(), url_path.end(), [](char c) { return c > ' ' && c < '\x7F'; });
    if (!url_path.starts_with('/') || !clean)
        return Failure(
            Error{.code = ErrorCode::internal,
                  .message = cat("cannot ask ", socket_path, ": not a path: ", printable_line(url_path))});
    Conversation conversation(socket_path, timeout_seconds);
    TRY(conversation.connect());
    TRY(conversation.send(cat("GET ", url_path, " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: mirrorctl/",
                              MIRRORCTL_VERSION, "\r\nConnection: close\r\n\r\n")));
    TRY_ASSIGN(auto answer, conversation.receive());
    if (answer.status != 200)
        return Failure(Error{.code = ErrorCode::http,
                             .message = cat("cannot ask ", socket_path, url_path, ": answered ",
                                            answer.status, ": ", printable_line(answer.body)),
                             .cause = answer.status});
    return std::move(answer.body);
}

}  // namespace mirrorctl::sys
