#include "net/curl_multi.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace mirrorctl::net {

namespace {

constexpr int kSocketsAtOnce = 64;

}  // namespace

std::unique_ptr<CurlMulti> CurlMulti::create(const CurlApi& api, long kept_connections) {
    std::unique_ptr<CurlMulti> made(new CurlMulti(api));
    made->epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (made->epoll_ >= 0) made->multi_ = api.multi_init(kept_connections, *made);
    if (made->multi_ == nullptr) return nullptr;
    return made;
}

CurlMulti::~CurlMulti() {
    if (multi_ != nullptr) api_.multi_cleanup(multi_);
    if (epoll_ >= 0) ::close(epoll_);
}

// libcurl does not say of every socket that it is gone, but a closed one leaves the set by itself (epoll(7)):
// its number may be new or known when it comes again.
void CurlMulti::watch(int socket, bool reading, bool writing) {
    epoll_event event{};
    event.events = (reading ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                   (writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.fd = socket;
    if (!reading && !writing)
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, &event);
    else if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

void CurlMulti::work(int milliseconds) {
    auto due = api_.multi_timeout(multi_);
    auto wait = due < 0 ? milliseconds : std::min(milliseconds, due);
    std::array<epoll_event, kSocketsAtOnce> events{};
    int count = ::epoll_wait(epoll_, events.data(), kSocketsAtOnce, wait);
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        api_.multi_act(multi_, event.data.fd,
                       {.readable = (event.events & (EPOLLIN | EPOLLHUP)) != 0,
                        .writable = (event.events & EPOLLOUT) != 0,
                        .failed = (event.events & EPOLLERR) != 0});
    }
    if (api_.multi_timeout(multi_) == 0) api_.multi_act_on_time(multi_);
}

}  // namespace mirrorctl::net
