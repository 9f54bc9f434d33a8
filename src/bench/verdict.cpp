#include "bench/verdict.hpp"

#include "base/strings.hpp"
#include "registry/retry.hpp"

namespace mirrorctl::bench {

namespace {

constexpr int kProxyAuthRequired = 407;
constexpr int kFirstStatus = 100;  // causes below are curl codes, from here on statuses of the proxy

// libcurl-errors(3): numbers are part of its stable interface.
Fault fault_of_curl(int code) {
    switch (code) {
        case 6:
            return Fault::dns;
        case 7:
            return Fault::connect;
        case 28:
            return Fault::timeout;
        case 18:  // partial file
        case 52:  // got nothing
        case 55:  // send error
        case 56:  // receive error
        case 92:
            return Fault::reset;
        case 35:
        case 53:
        case 54:
        case 58:
        case 59:
        case 60:
        case 64:
        case 66:
        case 77:
        case 80:
        case 83:
        case 90:
        case 91:
        case 98:
            return Fault::tls;
        default:
            return Fault::protocol;
    }
}

Verdict make(Fault fault, std::string reason) {
    return {.fault = fault, .reason = std::move(reason)};
}

}  // namespace

Verdict verdict_of_error(const Error& error, std::string_view what) {
    auto reason = cat("asking for ", what, ": ", mask_secrets(printable_line(error.message)));
    if (error.code == ErrorCode::proxy) {
        int cause = error.cause.value_or(0);
        auto verdict = make(Fault::proxy, mask_secrets(printable_line(error.message)));
        verdict.proxy_is_down = cause < kFirstStatus || cause == kProxyAuthRequired;
        return verdict;
    }
    if (error.code == ErrorCode::http) return make(Fault::protocol, reason);
    if (error.code == ErrorCode::network) return make(fault_of_curl(error.cause.value_or(0)), reason);
    return make(Fault::protocol, reason);
}

Verdict verdict_of_status(const net::Response& response, std::string_view what, double wall) {
    auto text = cat(what, ": ", response.status);
    switch (response.status) {
        case 401:
            return make(Fault::unauthorized, cat("wants a login for ", text));
        case 403:
            return make(Fault::forbidden,
                        cat("refuses ", text, " (not on its list, or not for this address)"));
        case 404:
            return make(Fault::not_found, cat("does not have ", text));
        case 407: {
            auto verdict = make(Fault::proxy, "the proxy wants other credentials (407)");
            verdict.proxy_is_down = true;
            return verdict;
        }
        case 429: {
            auto wait = registry::retry_after(response, wall).value_or(-1);
            auto verdict = make(Fault::rate_limited,
                                cat("too many requests, asking for ", text,
                                    wait >= 0 ? "; it wants " + format_duration(wait) + " of peace" : ""));
            verdict.retry_after = wait;
            return verdict;
        }
        default:
            break;
    }
    if (response.status >= 500) {
        auto verdict = make(Fault::server_error, cat("server error for ", text));
        verdict.retry_after = registry::retry_after(response, wall).value_or(-1);
        return verdict;
    }
    return make(Fault::bad_status, cat("unexpected status for ", text));
}

bool says_html(const net::Response& response) {
    auto type = lower(response.header("Content-Type").value_or(""));
    return type.starts_with("text/html") || type.starts_with("application/xhtml");
}

bool looks_like_html(std::string_view body) {
    auto start = lower(trim(body.substr(0, 64)));
    return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<?xml");
}

}  // namespace mirrorctl::bench
