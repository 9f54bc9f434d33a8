// What went wrong with a transfer, in plain words.
#pragma once

#include "net/curl_api.hpp"
#include "net/transport.hpp"

#include <optional>
#include <string>

namespace mirrorctl::net {

// Everything that the words depend on.
struct TransferEnd {
    int code = 0;                // CURLcode
    int os_errno = 0;            // of the last failed connect
    int connect_status = 0;      // what an HTTP proxy answered to CONNECT
    int proxy_error = 0;         // CURLproxycode of a SOCKS proxy
    bool request_began = false;  // the connection stood, the request went out
    bool proxy_tls_failed = false;
    bool headers_too_long = false;
    bool headers_done = false;
    std::string refused_address = {};  // the guard said no to this one
    std::string_view refused_why = {};
    std::string detail = {};  // libcurl's own text
};

TransferEnd collect_end(const CurlApi& api, void* easy, int code);

// nullopt when nothing is wrong. Names the phase. Codes: proxy when the proxy is
// to blame (it cannot be reached, wants other credentials, does not connect; `cause` = the status it
// answered, or the curl code), http when the server talks but not HTTP, network else
// (`cause` = curl code).
std::optional<Error> error_of(const TransferEnd& end, const Request& request, const Response& response);

}  // namespace mirrorctl::net
