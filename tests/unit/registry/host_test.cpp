// What a host says of itself when it cannot be reached, and what is still sent when the run is to end.
#include "registry/host.hpp"

#include <gmock/gmock.h>

namespace mirrorctl::registry::host_test {
namespace {

using testing::HasSubstr;

// Answers everything with one error.
class Broken final : public net::Exchange {
  public:
    net::Answer send(const net::Request& request, const net::Streams&) override {
        methods.push_back(request.method);
        net::Answer answer;
        answer.error = Error{.code = ErrorCode::network, .message = "TLS", .cause = cause};
        return answer;
    }
    void sleep(double) override {}
    double now() const override { return 0; }
    double wall() const override { return 0; }
    bool stopping() const override { return over; }

    std::optional<int> cause = {};
    bool over = false;
    std::vector<std::string> methods = {};
};

class HostTest : public testing::Test {
  protected:
    std::string hint_for(int cause) {
        exchange_.cause = cause;
        auto answer = host_.send({.request = host_.request("GET", "/a/b/tags/list")});
        return answer ? "" : answer.error().hint;
    }
    Broken exchange_;
    Host host_{exchange_,
               {.mirror = {.url = parse_url("https://hub.test:8443").value(), .operator_name = {}},
                .upstream = "hub.test:8443",
                .retries = 0}};
};

TEST_F(HostTest, TheLineThatIsMissingInTheAuthFile) {
    EXPECT_THAT(hint_for(35), HasSubstr("{\"hub.test:8443\": {\"insecure\": true}}"));
    EXPECT_THAT(hint_for(60), HasSubstr("{\"hub.test:8443\": {\"ca_file\": "));
    EXPECT_THAT(hint_for(60), HasSubstr("/etc/docker/certs.d/hub.test:8443/ca.crt"));
    EXPECT_EQ(hint_for(7), "");
}

TEST_F(HostTest, WhatCleansUpIsStillSentAtTheEnd) {
    exchange_.over = true;
    for (const char* method : {"GET", "PUT", "DELETE", "POST"})
        EXPECT_FALSE(host_.send({.request = host_.request(method, "/a/b/blobs/uploads/1")}));
    EXPECT_EQ(exchange_.methods, std::vector<std::string>{"DELETE"});
}

}  // namespace
}  // namespace mirrorctl::registry::host_test
