// A handler that keeps all it is told, and the loop that runs a request to its end.
#pragma once

#include "net/curl_transport.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

namespace mirrorctl::net {

class Recorder : public Handler {
  public:
    std::function<bool(const Response&)> headers_hook;
    std::function<bool(std::string_view)> body_hook;
    std::string body;
    int headers_calls = 0;
    int body_calls = 0;
    int done_calls = 0;
    double last_at = -1;
    Response response;

    bool on_headers(const Response& r) override {
        ++headers_calls;
        last_at = -1;
        response = r;
        return !headers_hook || headers_hook(r);
    }
    bool on_body(std::string_view bytes, double at) override {
        ++body_calls;
        EXPECT_GE(at, last_at);
        last_at = at;
        body += bytes;
        return !body_hook || body_hook(bytes);
    }
    void on_done(const Response& r) override {
        ++done_calls;
        response = r;
    }
};

inline Request get(const std::string& url) {
    auto parsed = parse_url(url);
    EXPECT_TRUE(parsed) << url;
    return {.url = *parsed};
}

inline void run_all(Transport& transport) {
    while (transport.turn(1)) {
    }
}

// Runs one request alone.
inline void fetch(const Request& request, Recorder& recorder) {
    CurlTransport transport;
    transport.start(request, recorder);
    run_all(transport);
    EXPECT_EQ(recorder.done_calls, 1);
}

}  // namespace mirrorctl::net
