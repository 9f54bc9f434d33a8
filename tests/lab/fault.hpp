// What a mirror can do to its clients. One entry of `faults:` in a scenario (see scenario.hpp for the file's
// format).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::lab {

enum class FaultKind {
    hole,                 // connects hang: the accept queue is full, SYNs are dropped
    refused,              // connects are refused
    tarpit,               // accepts and never answers
    empty,                // reads the request and closes
    garbage,              // answers something that is not HTTP
    html,                 // 200 with a web page
    status,               // `code` with a registry error body
    unauthorized,         // 401 without a usable realm; `type` is the WWW-Authenticate header, none if empty
    rate_limit,           // 429 after `after` requests, `retry_after` optional
    wrong_digest_header,  // Docker-Content-Digest of something else
    wrong_manifest,       // other bytes, same length, under the right digest
    wrong_blob,           // one byte differs
    wrong_media_type,     // Content-Type is `type`
    delay,             // `seconds` and `per_mib` (of the whole blob, also for ranges) before the first byte
    redirect,          // 307 (or `code`) to the same object at the mirror `to`
    redirect_loop,     // 307 to itself for ever
    burst,             // `bytes` at full speed, then `rate`
    endless_body,      // a body without end, at the mirror's rate
    endless_headers,   // header lines without end
    gzip_bomb,         // Content-Encoding: gzip, zeros without end
    reset,             // RST after `bytes` of the body
    stall,             // nothing more after `bytes` of the body, the connection stays
    size_lie,          // Content-Length is wrong by `delta`
    no_range,          // ignores Range
    bad_range,         // 206 with another Content-Range than asked for
    stale_tag,         // tags point to the image's previous build
    token_http_realm,  // the realm of the 401 is plain http
    token_link_local,  // the realm points to 169.254.169.254
    token_huge,        // the token document never ends
    token_denied,      // the token server says 403
    token_wrong,       // the token that it hands out is not accepted
};

// Which requests a fault is about.
enum class Subject { all, ping, manifest, blob, token };

struct Fault {
    FaultKind kind = FaultKind::tarpit;
    Subject on = Subject::all;
    int after = 0;  // the first `after` matching requests are answered well
    int code = 0;
    double seconds = 0;
    double per_mib = 0;
    std::int64_t bytes = 0;
    double rate = 0;  // bytes per second
    std::int64_t delta = 0;
    std::string to = {};
    std::string type = {};
    std::optional<double> retry_after = {};
};

std::string_view name_of(FaultKind kind);
std::optional<FaultKind> fault_kind(std::string_view name);
std::optional<Subject> subject(std::string_view name);
// What a fault is about when the scenario does not say.
Subject usual_subject(FaultKind kind);

}  // namespace mirrorctl::lab
