// One request and its answer, for code that waits: no handlers, no state machines. Who implements it decides
// what happens meanwhile.
#pragma once

#include "net/transport.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace mirrorctl::net {

struct Answer : Response {
    std::string body = {};  // what no sink took
};

// Takes a body while it arrives. Only bodies of 200 and 206 come here; those of other answers are small and
// stay with the answer.
class BodySink {
  public:
    virtual ~BodySink() = default;
    // `id` for Transport::hold and go_on. False: not wanted, the transfer ends (Response::truncated).
    virtual bool begin(const Response& response, RequestId id) = 0;
    virtual bool take(std::string_view bytes) = 0;
};

struct Streams {
    BodySink* sink = nullptr;
    std::function<void(RequestId)> started = {};  // told as soon as the request is under way
    double patience = 30;                         // seconds without a byte in either direction
};

// Error::cause where nothing came for too long: the code of curl's own timeouts.
inline constexpr int kStalled = 28;

class Exchange {
  public:
    virtual ~Exchange() = default;
    // Waits for the answer. A server that sends nothing, and takes nothing, for too long is an error
    // (network).
    virtual Answer send(const Request& request, const Streams& streams) = 0;
    virtual void sleep(double seconds) = 0;
    virtual double now() const = 0;   // monotonic seconds
    virtual double wall() const = 0;  // seconds since 1970 UTC
    // The user wants the end: no further attempts.
    virtual bool stopping() const = 0;
};

}  // namespace mirrorctl::net
