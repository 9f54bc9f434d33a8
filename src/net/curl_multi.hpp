// The multi handle with the sockets that it waits for. libcurl's own loop (curl_multi_perform) asks every
// transfer at every turn whether it has something to do, with a system call each: of sixty mirrors most have
// not.
#pragma once

#include "net/curl_api.hpp"

#include <map>
#include <memory>
#include <set>

namespace mirrorctl::net {

class CurlMulti final : private SocketWatch {
  public:
    // nullptr: out of memory or of descriptors.
    static std::unique_ptr<CurlMulti> create(const CurlApi& api, long kept_connections);
    ~CurlMulti() override;
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    bool add(void* easy) const { return api_.multi_add(multi_, easy); }
    void remove(void* easy);
    std::optional<FinishedTransfer> next_finished() const { return api_.multi_next_finished(multi_); }
    // Bytes of this one may gather for a moment (Request::calm_after); nobody is woken for every packet.
    void calm(void* easy);
    // Waits at most `milliseconds` until a socket or a time is due, and lets libcurl do what is due.
    void work(int milliseconds);

  private:
    struct Socket {
        int set = -1;  // urgent_ or calm_
        void* easy = nullptr;
        bool reading = false;
        bool writing = false;
    };
    explicit CurlMulti(const CurlApi& api) : api_(api) {}
    void watch(void* easy, int socket, bool reading, bool writing) override;
    bool any_calm() const { return !calm_easies_.empty(); }
    bool act(int set, int milliseconds);

    const CurlApi& api_;
    void* multi_ = nullptr;
    int urgent_ = -1;  // epoll; holds `calm_` too, so that one wait is for both
    int calm_ = -1;    // epoll: sockets that are looked at from time to time
    double rest_until_ = 0;
    std::set<void*> calm_easies_;
    std::map<int, Socket> sockets_;
};

}  // namespace mirrorctl::net
