// HTTP by libcurl: one multi handle, no threads, connections are kept and used again.
#pragma once

#include "net/ca_bundle.hpp"
#include "net/transport.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::net {

class CurlApi;
class CurlMulti;
class CurlTransfer;

// Creating one costs nothing; libcurl is found at the first turn() with a request under way. If it is not
// installed, every request ends with that error. `turn` is false as soon as nothing is under way any more; it
// may come back early.
class CurlTransport : public Transport {
  public:
    // `ssl_cert_file`: what the environment says in SSL_CERT_FILE, or "".
    explicit CurlTransport(std::string ssl_cert_file = {});
    ~CurlTransport() override;

    RequestId start(const Request& request, Handler& handler) override;
    void cancel(RequestId id) override;
    void hold(RequestId id) override;
    void go_on(RequestId id) override;
    bool turn(double seconds) override;

  private:
    void begin_waiting();
    void step(int milliseconds);
    void unpause();
    void deliver_finished();
    void finish(RequestId id, int code);

    CaBundle ca_bundle_;
    const CurlApi* api_ = nullptr;
    std::unique_ptr<CurlMulti> multi_;
    bool news_ = false;         // a handler was called in this turn
    bool inside_curl_ = false;  // a handler is being called by libcurl, which must not be called back then
    RequestId last_id_ = 0;
    std::map<RequestId, std::unique_ptr<CurlTransfer>> transfers_;
    std::vector<RequestId> waiting_;  // started, not yet given to libcurl
    std::vector<RequestId> to_unpause_;
    std::vector<std::unique_ptr<CurlTransfer>>
        cancelled_;  // destroyed as soon as libcurl is not on the stack
};

}  // namespace mirrorctl::net
