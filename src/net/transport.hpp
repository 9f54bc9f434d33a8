// HTTP without curl in it: requests are started, a loop is turned, handlers are called. One thread. Policy
// (redirects, tokens, budgets) lives above; the transport never follows a redirect, never sends credentials
// that the request does not hold, never decodes a body.
#pragma once

#include "base/result.hpp"
#include "base/url.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirrorctl::net {

using Header = std::pair<std::string, std::string>;

// Where the body of a request comes from, while it is sent.
class BodySource {
  public:
    virtual ~BodySource() = default;
    // Puts at most `room` bytes at `to` and says how many. 0: none now; sending rests until Transport::go_on.
    virtual std::size_t give(char* to, std::size_t room) = 0;
    // Back to the first byte, for a request that is sent again. Only sources that can are sent again.
    virtual void rewind() {}
};

struct Request {
    std::string method = "GET";  // GET, HEAD, POST, PUT, PATCH or DELETE
    Url url;
    std::vector<Header> headers = {};
    BodySource* body = nullptr;  // lives until on_done or cancel; nullptr = an empty body
    std::int64_t body_size = 0;  // exactly that many bytes are taken from it
    std::string proxy =
        {};  // proxy URL with credentials, or "" for a direct connection; the environment is never read
    std::string ca_pem = {};  // certificates; "" = the system's bundle
    bool check_certificate = true;
    std::string cert_pem = {};  // client certificate with its chain
    std::string key_pem = {};   // secret
    // Limits. Seconds count from the start of the request.
    double connect_timeout = 5;
    double deadline = 30;  // 0 = none
    std::int64_t max_header_bytes = 64 * 1024;
    std::int64_t max_body_bytes = 4 * 1024 * 1024;  // more: the transfer ends with `truncated`
    // After so many bytes of the body more may gather for some milliseconds before they are delivered: that
    // costs less time of the processor. Not at once: what is read late is acknowledged late, and slow start
    // grows with acknowledgements. -1: never.
    std::int64_t calm_after = -1;
    // When false, connecting to loopback, link-local, metadata (169.254.0.0/16, fe80::/10) and unspecified
    // addresses is refused, whatever the name resolved to (the address that is really connected is checked).
    // Private ranges stay allowed.
    bool allow_special_addresses = true;
};

// Seconds since the start of the request; -1 = did not happen.
struct Timing {
    double dns = -1;
    double connect = -1;
    double tls = -1;
    double first_byte = -1;
    double total = -1;
};

struct Response {
    int status = 0;  // 0 = no answer
    std::vector<Header> headers = {};
    Timing timing = {};
    std::string peer_address = {};
    std::int64_t bytes = 0;  // body bytes received
    std::int64_t header_bytes = 0;
    bool truncated = false;          // max_body_bytes reached, or the handler said stop
    bool reused_connection = false;  // there was no DNS, connect and TLS for this request
    std::optional<Error> error =
        {};  // network (cause = curl code), proxy, http (headers too long); `phase` text in the message

    // First header of that name (case-insensitive), or nullopt.
    std::optional<std::string> header(std::string_view name) const;
    std::vector<std::string> all_headers(std::string_view name) const;
};

// What a caller implements. Calls come from inside Transport::turn.
class Handler {
  public:
    virtual ~Handler() = default;
    // Status and headers are complete, the body follows. Return false to end the transfer
    // (Response::truncated).
    virtual bool on_headers(const Response& response) = 0;
    // `at` = seconds since the start of the request. Return false to end the transfer.
    virtual bool on_body(std::string_view bytes, double at) = 0;
    virtual void on_done(const Response& response) = 0;
};

using RequestId = std::uint64_t;

class Transport {
  public:
    virtual ~Transport() = default;
    // The handler must live until on_done or cancel. It may start and cancel requests from inside its calls.
    virtual RequestId start(const Request& request, Handler& handler) = 0;
    // No further call to its handler, on_done included.
    virtual void cancel(RequestId id) = 0;
    // No further call of on_body before go_on: the server is left waiting, nothing is buffered beyond what
    // has arrived. May be called from on_body; the bytes of that call count as taken.
    virtual void hold(RequestId id) = 0;
    // Ends a hold, and the rest that a BodySource took by giving nothing.
    virtual void go_on(RequestId id) = 0;
    // Waits at most `seconds` for something to happen and delivers it. False as soon as nothing is under way
    // any more.
    virtual bool turn(double seconds) = 0;
};

}  // namespace mirrorctl::net
