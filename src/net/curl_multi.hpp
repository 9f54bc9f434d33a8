// The multi handle with the sockets that it waits for. libcurl's own loop (curl_multi_perform) asks every
// transfer at every turn whether it has something to do, with a system call each: of sixty mirrors most have
// not.
#pragma once

#include "net/curl_api.hpp"

#include <memory>
#include <optional>

namespace mirrorctl::net {

class CurlMulti final : private SocketWatch {
  public:
    // nullptr: out of memory or of descriptors.
    static std::unique_ptr<CurlMulti> create(const CurlApi& api, long kept_connections);
    ~CurlMulti() override;
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    void* handle() const { return multi_; }
    // Waits at most `milliseconds` until a socket or a time is due, and lets libcurl do what is due.
    void work(int milliseconds);

  private:
    explicit CurlMulti(const CurlApi& api) : api_(api) {}
    void watch(int socket, bool reading, bool writing) override;

    const CurlApi& api_;
    void* multi_ = nullptr;
    int epoll_ = -1;
};

}  // namespace mirrorctl::net
