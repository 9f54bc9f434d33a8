// One request under way: its easy handle, what it has received so far, and who wants to know.
#pragma once

#include "net/ca_bundle.hpp"
#include "net/curl_multi.hpp"
#include "net/transport.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::net {

class CurlTransfer : private AddressGuard {
  public:
    // Sets up everything but the library: cheap, cannot fail. A request that must not be sent at all has its
    // error at once.
    // `news` becomes true with every call of the handler.
    CurlTransfer(Request request, Handler& handler, bool& news);
    ~CurlTransfer() override;
    CurlTransfer(const CurlTransfer&) = delete;
    CurlTransfer& operator=(const CurlTransfer&) = delete;

    // Creates the easy handle and adds it to `multi`; on failure the transfer has an error instead.
    void begin(const CurlApi& api, CurlMulti& multi, CaBundle& system_cas);
    // Takes no more body until go_on().
    void hold() { held_ = true; }
    // True: libcurl has stopped receiving or sending and must be told (unpause), when it is not on the stack.
    bool go_on();
    void unpause();

    // No more calls to the handler.
    void silence() { handler_ = nullptr; }
    bool silenced() const { return handler_ == nullptr; }
    bool failed() const { return failure_.has_value(); }
    void fail(Error error) { failure_ = std::move(error); }
    void* easy() const { return easy_; }

    // The transfer is over (`code`: CURLcode): tells the handler. Nothing may be done with the transfer
    // afterwards but to destroy it.
    void finish(int code);

  private:
    bool configure(const CurlApi& api);
    bool configure_cas(const CurlApi& api);
    bool configure_limits(const CurlApi& api);
    bool configure_proxy(const CurlApi& api);
    bool configure_headers(const CurlApi& api);
    bool configure_body(const CurlApi& api);
    bool configure_certificates(const CurlApi& api);
    bool choose_cas(CaBundle& system_cas);
    bool permits(const std::string& address) override;

    static std::size_t header_sink(char* bytes, std::size_t size, std::size_t count, void* user);
    static std::size_t body_sink(char* bytes, std::size_t size, std::size_t count, void* user);
    static std::size_t body_source(char* bytes, std::size_t size, std::size_t count, void* user);
    std::size_t give_body(char* to, std::size_t room);
    bool take_header_line(std::string_view line);
    bool end_of_headers();
    bool take_body(std::string_view bytes);
    void read_timing();

    Request request_;
    Handler* handler_;
    bool& news_;
    Response response_;
    std::optional<Error> failure_;
    const CurlApi* api_ = nullptr;
    Cas cas_;        // of the host
    Cas proxy_cas_;  // of an https proxy
    CurlMulti* multi_ = nullptr;
    void* easy_ = nullptr;
    void* header_list_ = nullptr;
    double start_;
    std::int64_t sent_ = 0;         // of the request's body
    bool held_ = false;             // by the caller
    bool receiving_rests_ = false;  // libcurl was told so
    bool sending_rests_ = false;
    bool headers_done_ = false;
    bool calm_ = false;
    bool headers_too_long_ = false;
    std::string refused_address_;
    std::string_view refused_why_;
    std::array<char, 512> detail_{};  // CURLOPT_ERRORBUFFER; at least CURL_ERROR_SIZE
};

}  // namespace mirrorctl::net
