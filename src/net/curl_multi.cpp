#include "net/curl_multi.hpp"

#include "net/monotonic.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace mirrorctl::net {

namespace {

constexpr int kSocketsAtOnce = 64;
constexpr double kRest = 0.002;  // seconds in which bytes gather

// A closed socket leaves the set by itself (epoll(7)), so its number may be new or known when it comes again.
void put(int set, int fd, std::uint32_t events, bool known) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (known && (::epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0 || errno != ENOENT)) return;
    if (::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST)
        ::epoll_ctl(set, EPOLL_CTL_MOD, fd, &event);
}

void take_out(int set, int fd) {
    epoll_event event{};
    ::epoll_ctl(set, EPOLL_CTL_DEL, fd, &event);
}

std::uint32_t bits(bool reading, bool writing) {
    return (reading ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
           (writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

}  // namespace

std::unique_ptr<CurlMulti> CurlMulti::create(const CurlApi& api, long kept_connections) {
    std::unique_ptr<CurlMulti> made(new CurlMulti(api));
    made->urgent_ = ::epoll_create1(EPOLL_CLOEXEC);
    made->calm_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (made->urgent_ >= 0 && made->calm_ >= 0) made->multi_ = api.multi_init(kept_connections, *made);
    if (made->multi_ == nullptr) return nullptr;
    return made;
}

CurlMulti::~CurlMulti() {
    if (multi_ != nullptr) api_.multi_cleanup(multi_);
    if (urgent_ >= 0) ::close(urgent_);
    if (calm_ >= 0) ::close(calm_);
}

void CurlMulti::remove(void* easy) {
    api_.multi_remove(multi_, easy);
    calm_easies_.erase(easy);
}

void CurlMulti::watch(void* easy, int socket, bool reading, bool writing) {
    auto known = sockets_.find(socket);
    int before = known == sockets_.end() ? -1 : known->second.set;
    int now = !reading && !writing ? -1 : calm_easies_.contains(easy) ? calm_ : urgent_;
    if (before >= 0 && before != now) take_out(before, socket);
    if (now < 0) {
        sockets_.erase(socket);
        return;
    }
    sockets_[socket] = {.set = now, .easy = easy, .reading = reading, .writing = writing};
    put(now, socket, bits(reading, writing), before == now);
}

void CurlMulti::calm(void* easy) {
    calm_easies_.insert(easy);
    for (auto& [socket, known] : sockets_)
        if (known.easy == easy) watch(easy, socket, known.reading, known.writing);
}

// False: there was nothing.
bool CurlMulti::act(int set, int milliseconds) {
    std::array<epoll_event, kSocketsAtOnce> events{};
    int count = ::epoll_wait(set, events.data(), kSocketsAtOnce, milliseconds);
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == calm_) continue;
        api_.multi_act(multi_, event.data.fd,
                       {.readable = (event.events & (EPOLLIN | EPOLLHUP)) != 0,
                        .writable = (event.events & EPOLLOUT) != 0,
                        .failed = (event.events & EPOLLERR) != 0});
    }
    return count > 0;
}

void CurlMulti::work(int milliseconds) {
    auto due = api_.multi_timeout(multi_);
    auto wait = due < 0 ? milliseconds : std::min(milliseconds, due);
    double rest = any_calm() ? rest_until_ - monotonic_seconds() : 0;
    if (rest > 0)
        wait = std::min(wait, static_cast<int>(std::ceil(rest * 1000)));
    else if (any_calm())
        put(urgent_, calm_, EPOLLIN | EPOLLONESHOT, true);  // wakes once
    act(urgent_, wait);
    if (any_calm() && monotonic_seconds() >= rest_until_ && act(calm_, 0))
        rest_until_ = monotonic_seconds() + kRest;
    if (api_.multi_timeout(multi_) == 0) api_.multi_act_on_time(multi_);
}

}  // namespace mirrorctl::net
