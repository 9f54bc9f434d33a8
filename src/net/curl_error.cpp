#include "net/curl_error.hpp"

#include "base/strings.hpp"

#include <curl/curl.h>

#include <cerrno>
#include <cstring>

namespace mirrorctl::net {

namespace {

constexpr int kTooLarge = 100;  // CURLE_TOO_LARGE, since libcurl 8.6

enum class Phase { connecting, tls, waiting, reading };

// libcurl 7.88 sets the connect time of an https transfer only after the handshake, so the peer's address
// tells whether there is a connection.
Phase phase_of(const TransferEnd& end, const Request& request, const Response& response) {
    if (end.headers_done || response.timing.first_byte >= 0) return Phase::reading;
    if (end.request_began) return Phase::waiting;
    bool https = request.url.scheme == "https";
    bool proxy_connects = !request.proxy.empty() && https && end.connect_status == 0;
    if (response.peer_address.empty() || proxy_connects || !https) return Phase::connecting;
    return Phase::tls;
}

std::string_view word_for(Phase phase) {
    switch (phase) {
        case Phase::connecting:
            return "while connecting";
        case Phase::tls:
            return "during the TLS handshake";
        case Phase::waiting:
            return "while waiting for the first byte";
        case Phase::reading:
            return "while reading";
    }
    return "";
}

Error make(ErrorCode code, const std::string& message, int cause) {
    return {.code = code, .message = message, .cause = cause};
}

std::string connect_reason(const TransferEnd& end) {
    if (end.os_errno == ECONNREFUSED) return "connection refused";
    if (end.os_errno != 0) return lower(std::strerror(end.os_errno));
    return "no connection";
}

bool is_tls(int code) {
    switch (code) {
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CLIENTCERT:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return true;
        default:
            return false;
    }
}

std::string tls_message(const TransferEnd& end, const std::string& host) {
    auto detail = printable_line(end.detail);
    if (end.code == CURLE_PEER_FAILED_VERIFICATION)
        return cat("TLS certificate not trusted: ", host, ": ", detail);
    if (end.code == CURLE_SSL_CACERT_BADFILE) return cat("CA file not usable: ", host, ": ", detail);
    return cat("TLS handshake failed: ", host, ": ", detail);
}

// CURLPX_REPLY_*: the SOCKS proxy works and says that it cannot reach the server (RFC 1928 section 6).
bool server_unreachable_behind(int proxy_error) {
    return proxy_error == CURLPX_REPLY_CONNECTION_REFUSED || proxy_error == CURLPX_REPLY_HOST_UNREACHABLE ||
           proxy_error == CURLPX_REPLY_NETWORK_UNREACHABLE || proxy_error == CURLPX_REPLY_TTL_EXPIRED;
}

Error rejected_by_proxy(int status, const std::string& proxy, const std::string& host) {
    Error error =
        make(ErrorCode::proxy, cat("proxy refused: ", proxy, ": answered ", status, " for ", host), status);
    if (status == 407) {
        error.message = cat("proxy refused: ", proxy, ": it wants other credentials (407)");
        error.hint = "check user and password of the proxy URL";
    }
    return error;
}

std::optional<Error> proxy_error(const TransferEnd& end, const Request& request, const Response& response) {
    auto parsed = parse_url(request.proxy);
    auto proxy = parsed ? parsed->origin() : std::string("the proxy");
    const auto& host = request.url.host;
    if (end.connect_status >= 300) return rejected_by_proxy(end.connect_status, proxy, host);
    if (response.status == 407) return rejected_by_proxy(407, proxy, host);
    if (end.code == CURLE_COULDNT_RESOLVE_PROXY)
        return make(ErrorCode::proxy, cat("could not resolve proxy: ", proxy), end.code);
    if (end.code == CURLE_PROXY && server_unreachable_behind(end.proxy_error))
        return make(ErrorCode::network,
                    cat("could not connect through the proxy: ", host, ": ", printable_line(end.detail)),
                    end.code);
    if (end.code == CURLE_PROXY)
        return make(ErrorCode::proxy, cat("proxy refused: ", proxy, ": ", printable_line(end.detail)),
                    end.code);
    if (end.code == CURLE_COULDNT_CONNECT)
        return make(ErrorCode::proxy,
                    cat("could not connect to the proxy: ", proxy, ": ", connect_reason(end)), end.code);
    if (end.code == CURLE_OPERATION_TIMEDOUT && response.peer_address.empty())
        return make(ErrorCode::proxy,
                    cat("timed out after ", format_duration(response.timing.total),
                        " while connecting to the proxy: ", proxy),
                    end.code);
    if (end.proxy_tls_failed) return make(ErrorCode::proxy, tls_message(end, proxy), end.code);
    return std::nullopt;
}

Error transfer_error(const TransferEnd& end, const Request& request, const Response& response) {
    const auto& host = request.url.host;
    auto phase = phase_of(end, request, response);
    auto network = [&](const std::string& message) { return make(ErrorCode::network, message, end.code); };
    auto http = [&](const std::string& message) { return make(ErrorCode::http, message, end.code); };
    if (is_tls(end.code)) return network(tls_message(end, host));
    switch (end.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return network(cat("could not resolve: ", host));
        case CURLE_COULDNT_CONNECT:
            return network(cat("could not connect: ", host, ": ", connect_reason(end)));
        case CURLE_OPERATION_TIMEDOUT:
            return network(cat("timed out after ", format_duration(response.timing.total), " ",
                               word_for(phase), ": ", host));
        case CURLE_GOT_NOTHING:
            return network(cat("connection closed without an answer: ", host));
        case CURLE_PARTIAL_FILE:
            return network(cat("connection closed in the middle of the body: ", host));
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
            return network(cat("connection reset ", word_for(phase), ": ", host));
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
            return http(cat("the answer is not HTTP: ", host));
        // libcurl's own limit on one line (100 KiB, lib/http.h) shows as one of these before the headers are
        // complete.
        case CURLE_OUT_OF_MEMORY:
        case kTooLarge:
            if (!end.headers_done) return http(cat("headers too long: ", host));
            [[fallthrough]];
        default:
            return network(
                cat("transfer failed ", word_for(phase), ": ", host, ": ", printable_line(end.detail)));
    }
}

}  // namespace

TransferEnd collect_end(const CurlApi& api, void* easy, int code) {
    TransferEnd end;
    end.code = code;
    end.os_errno = static_cast<int>(api.info_long(easy, CURLINFO_OS_ERRNO));
    end.connect_status = static_cast<int>(api.info_long(easy, CURLINFO_HTTP_CONNECTCODE));
    end.proxy_error = static_cast<int>(api.info_long(easy, CURLINFO_PROXY_ERROR));
    end.request_began = api.info_seconds(easy, CURLINFO_PRETRANSFER_TIME_T) > 0;
    end.proxy_tls_failed = api.info_long(easy, CURLINFO_PROXY_SSL_VERIFYRESULT) != 0;
    return end;
}

std::optional<Error> error_of(const TransferEnd& end, const Request& request, const Response& response) {
    bool gave_up = end.code == CURLE_COULDNT_CONNECT || end.code == CURLE_ABORTED_BY_CALLBACK;
    if (gave_up && !end.refused_address.empty())
        return make(
            ErrorCode::network,
            cat("refused to connect: ", request.url.host, ": ", end.refused_address, " is ", end.refused_why),
            end.code);
    if (end.headers_too_long)
        return make(
            ErrorCode::http,
            cat("headers too long: ", request.url.host, ": more than ", request.max_header_bytes, " bytes"),
            end.code);
    if (!request.proxy.empty())
        if (auto error = proxy_error(end, request, response)) return error;
    if (end.code == CURLE_OK || response.truncated) return std::nullopt;
    return transfer_error(end, request, response);
}

}  // namespace mirrorctl::net
