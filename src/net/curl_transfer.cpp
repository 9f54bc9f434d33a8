#include "net/curl_transfer.hpp"

#include "base/strings.hpp"
#include "net/address.hpp"
#include "net/curl_error.hpp"
#include "net/monotonic.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace mirrorctl::net {

namespace {

constexpr long kConnectionAttemptDelay = 250;  // milliseconds until the other family is tried: RFC 8305
constexpr long kBufferBytes = 64 * 1024;
constexpr long kUploadBufferBytes = 256 * 1024;
constexpr std::array kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

long milliseconds(double seconds) {
    return std::clamp(std::lround(seconds * 1000), 1L, 3600L * 1000L);  // 0 would mean "no limit"
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
}

// What must not be sent, whatever the network looks like.
std::optional<Error> objection(const Request& request) {
    for (const auto& [name, value] : request.headers)
        if (name.empty() || has_control_character(name) || has_control_character(value))
            return Error{.code = ErrorCode::internal,
                         .message = cat("request refused: ", request.url.masked(), ": a broken header")};
    if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end())
        return Error{.code = ErrorCode::internal,
                     .message = cat("request refused: ", request.url.masked(), ": method ", request.method)};
    auto literal = parse_address(request.url.host);
    if (request.allow_special_addresses || !literal) return std::nullopt;
    auto why = special_address(*literal);
    if (why.empty()) return std::nullopt;
    return Error{.code = ErrorCode::network,
                 .message = cat("refused to connect: ", request.url.host, ": it is ", why),
                 .cause = CURLE_COULDNT_CONNECT};
}

}  // namespace

CurlTransfer::CurlTransfer(Request request, Handler& handler, bool& news)
    : request_(std::move(request)),
      handler_(&handler),
      news_(news),
      failure_(objection(request_)),
      start_(monotonic_seconds()) {
    static_assert(sizeof detail_ >= CURL_ERROR_SIZE);
}

CurlTransfer::~CurlTransfer() {
    if (!easy_) return;
    if (multi_) multi_->remove(easy_);
    api_->easy_cleanup(easy_);
    api_->free_list(header_list_);
}

void CurlTransfer::begin(const CurlApi& api, CurlMulti& multi, CaBundle& system_cas) {
    if (!choose_cas(system_cas)) return;
    api_ = &api;
    easy_ = api.easy_init();
    if (!easy_ || !configure(api))
        return fail({.code = ErrorCode::internal,
                     .message = "cannot set up a transfer: this libcurl is too old or out of memory",
                     .hint = "libcurl 7.87 or later is needed"});
    start_ = monotonic_seconds();  // what it took to load and set up libcurl is not the server's fault
    if (!multi.add(easy_))
        return fail({.code = ErrorCode::internal, .message = "cannot set up a transfer: libcurl refused it"});
    multi_ = &multi;
}

// False: there are none, and the transfer has its error.
bool CurlTransfer::choose_cas(CaBundle& system_cas) {
    auto choose = [&](const std::string& host, Cas& cas) {
        const auto& found = system_cas.find();
        if (found) cas = *found;
        if (!found)
            fail({.code = ErrorCode::network,
                  .message = cat("certificate cannot be checked: ", host, ": ", found.error().message, ": ",
                                 found.error().hint),
                  .cause = CURLE_SSL_CACERT_BADFILE});
        return found.has_value();
    };
    cas_ = {.pem = request_.ca_pem};
    bool own = !cas_.empty() || request_.url.scheme != "https";
    if (!own && !choose(request_.url.host, cas_)) return false;
    return !request_.proxy.starts_with("https:") || choose("the proxy", proxy_cas_);
}

bool CurlTransfer::configure(const CurlApi& api) {
    Url url = request_.url;
    url.userinfo.clear();  // credentials travel in headers that the caller gave, or not at all
    void* self = this;
    bool ok = api.set(easy_, CURLOPT_URL, url.str());
    ok = ok && api.set(easy_, CURLOPT_PROTOCOLS_STR, std::string("http,https"));
    ok = ok && api.set(easy_, CURLOPT_PATH_AS_IS, 1L);
    ok = ok && api.set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    ok = ok && api.set(easy_, CURLOPT_HTTP_CONTENT_DECODING,
                       0L);  // blobs are gzip by content and hashed as they are
    // One TCP connection per transfer, as measured throughput must not be shared inside an HTTP/2 window.
    ok = ok && api.set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    ok = ok && api.set(easy_, CURLOPT_NOBODY, request_.method == "HEAD" ? 1L : 0L);
    ok = ok && api.set(easy_, CURLOPT_NOSIGNAL, 1L);
    ok = ok && api.set(easy_, CURLOPT_QUICK_EXIT,
                       1L);  // a resolver that hangs must not hold up the end of the program
    ok = ok && api.set(easy_, CURLOPT_ERRORBUFFER, static_cast<void*>(detail_.data()));
    ok = ok && api.set(easy_, CURLOPT_PRIVATE, self);
    ok = ok && api.set(easy_, CURLOPT_HEADERDATA, self) &&
         api.set(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::header_sink);
    ok = ok && api.set(easy_, CURLOPT_WRITEDATA, self) &&
         api.set(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::body_sink);
    // The proxy's own address is the caller's choice, not a stranger's.
    if (!request_.allow_special_addresses && request_.proxy.empty()) ok = ok && api.set_guard(easy_, *this);
    return ok && configure_cas(api) && configure_certificates(api) && configure_limits(api) &&
           configure_proxy(api) && configure_headers(api) && configure_body(api);
}

// The method is always said by name: libcurl's own choice follows from the body. An "upload" of no bytes
// sends "Content-Length: 0", which POST and PUT need.
bool CurlTransfer::configure_body(const CurlApi& api) {
    bool reads = request_.method == "GET" || request_.method == "HEAD";
    if (reads) return true;
    bool ok = api.set(easy_, CURLOPT_CUSTOMREQUEST, request_.method);
    if (request_.method == "DELETE") return ok;
    ok = ok && api.set(easy_, CURLOPT_UPLOAD, 1L) &&
         api.set_size(easy_, CURLOPT_INFILESIZE_LARGE, request_.body ? request_.body_size : 0);
    ok = ok && api.set(easy_, CURLOPT_READDATA, static_cast<void*>(this)) &&
         api.set(easy_, CURLOPT_READFUNCTION, &CurlTransfer::body_source);
    return ok && (request_.body_size < kUploadBufferBytes ||
                  api.set(easy_, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes));
}

bool CurlTransfer::configure_certificates(const CurlApi& api) {
    bool ok = true;
    if (!request_.check_certificate)
        ok = api.set(easy_, CURLOPT_SSL_VERIFYPEER, 0L) && api.set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
    if (request_.cert_pem.empty()) return ok;
    return ok && api.set_bytes(easy_, CURLOPT_SSLCERT_BLOB, request_.cert_pem) &&
           api.set_bytes(easy_, CURLOPT_SSLKEY_BLOB, request_.key_pem);
}

// One source each and no directory, whatever this libcurl was built with: that also lets it keep the parsed
// CAs.
bool CurlTransfer::configure_cas(const CurlApi& api) {
    void* none = nullptr;
    bool ok = api.set(easy_, CURLOPT_CAPATH, none) && api.set(easy_, CURLOPT_PROXY_CAPATH, none);
    auto set = [&](const Cas& cas, int file, int blob) {
        if (!cas.path.empty()) ok = ok && api.set(easy_, file, cas.path);
        if (!cas.pem.empty()) ok = ok && api.set_bytes(easy_, blob, cas.pem);
    };
    set(cas_, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
    set(proxy_cas_, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAINFO_BLOB);
    return ok;
}

bool CurlTransfer::configure_limits(const CurlApi& api) {
    bool endless = request_.deadline <= 0;
    auto connect = endless ? request_.connect_timeout : std::min(request_.connect_timeout, request_.deadline);
    return api.set(easy_, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, kConnectionAttemptDelay) &&
           api.set(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect)) &&
           api.set(easy_, CURLOPT_TIMEOUT_MS, endless ? 0L : milliseconds(request_.deadline)) &&
           api.set(easy_, CURLOPT_BUFFERSIZE, kBufferBytes);
}

// Always set, "" too: libcurl reads the environment only where nothing is set.
bool CurlTransfer::configure_proxy(const CurlApi& api) {
    std::string proxy;
    if (!request_.proxy.empty()) {
        auto parsed = parse_url(request_.proxy);
        if (!parsed) return false;
        // Go lets a SOCKS proxy resolve the name, whether it is called socks5 or socks5h
        // (net/http/transport.go).
        auto scheme = parsed->scheme == "socks5" ? std::string("socks5h") : parsed->scheme;
        // The port is always said: libcurl's default for proxies is 1080, Go's is that of the scheme.
        proxy = cat(scheme, "://", parsed->userinfo.empty() ? "" : parsed->userinfo + "@", parsed->host, ":",
                    parsed->effective_port());
    }
    return api.set(easy_, CURLOPT_PROXY, proxy) && api.set(easy_, CURLOPT_NOPROXY, std::string()) &&
           api.set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

bool CurlTransfer::configure_headers(const CurlApi& api) {
    bool has_agent = false;
    auto add = [&](const std::string& line) {
        void* longer = api.append(header_list_, line);
        if (longer) header_list_ = longer;
        return longer != nullptr;
    };
    for (const auto& [name, value] : request_.headers) {
        has_agent = has_agent || lower(name) == "user-agent";
        // "Name;" is libcurl's way to send a header without a value (CURLOPT_HTTPHEADER).
        if (!add(value.empty() ? name + ";" : cat(name, ": ", value))) return false;
    }
    if (!has_agent && !add(cat("User-Agent: mirrorctl/", MIRRORCTL_VERSION, " (+image mirror benchmark)")))
        return false;
    // "Name:" takes a header out. libcurl would wait up to a second for "100 Continue", which few servers
    // send.
    if (request_.body && !add("Expect:")) return false;
    return api.set(easy_, CURLOPT_HTTPHEADER, header_list_);
}

bool CurlTransfer::permits(const std::string& address) {
    auto parsed = parse_address(address);
    auto why = parsed ? special_address(*parsed) : std::string_view("an unknown kind of address");
    if (why.empty()) return true;
    refused_address_ = address;
    refused_why_ = why;
    return false;
}

// Returning less than was given ends the transfer (CURLE_WRITE_ERROR).
std::size_t CurlTransfer::header_sink(char* bytes, std::size_t size, std::size_t count, void* user) {
    return static_cast<CurlTransfer*>(user)->take_header_line({bytes, size * count}) ? size * count : 0;
}

std::size_t CurlTransfer::body_sink(char* bytes, std::size_t size, std::size_t count, void* user) {
    auto& self = *static_cast<CurlTransfer*>(user);
    if (self.held_ && !self.silenced()) {
        self.receiving_rests_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return self.take_body({bytes, size * count}) ? size * count : 0;
}

std::size_t CurlTransfer::body_source(char* bytes, std::size_t size, std::size_t count, void* user) {
    return static_cast<CurlTransfer*>(user)->give_body(bytes, size * count);
}

std::size_t CurlTransfer::give_body(char* to, std::size_t room) {
    if (silenced()) return CURL_READFUNC_ABORT;
    auto left = request_.body ? request_.body_size - sent_ : 0;
    if (left <= 0) return 0;
    auto given = request_.body->give(to, std::min(room, static_cast<std::size_t>(left)));
    sending_rests_ = given == 0;
    if (sending_rests_) return CURL_READFUNC_PAUSE;
    sent_ += static_cast<std::int64_t>(given);
    news_ = true;
    return given;
}

bool CurlTransfer::go_on() {
    held_ = false;
    return multi_ != nullptr && (receiving_rests_ || sending_rests_);
}

// libcurl delivers what it had kept back from inside this call.
void CurlTransfer::unpause() {
    receiving_rests_ = sending_rests_ = false;
    api_->pause(easy_, false);
}

bool CurlTransfer::take_header_line(std::string_view line) {
    response_.header_bytes += static_cast<std::int64_t>(line.size());
    headers_too_long_ = headers_too_long_ || response_.header_bytes > request_.max_header_bytes;
    if (headers_too_long_ || silenced()) return false;
    if (headers_done_) return true;  // trailers
    auto text = trim(line);
    if (text.empty()) return end_of_headers();
    if (text.starts_with("HTTP/")) {
        auto blank = text.find(' ');
        auto status =
            parse_integer(text.substr(blank == std::string_view::npos ? text.size() : blank + 1, 3));
        response_.status = static_cast<int>(status.value_or(0));
        response_.headers.clear();
        return true;
    }
    auto colon = text.find(':');
    if (colon != std::string_view::npos)
        response_.headers.emplace_back(std::string(trim(text.substr(0, colon))),
                                       std::string(trim(text.substr(colon + 1))));
    return true;
}

bool CurlTransfer::end_of_headers() {
    if (response_.status < 200) return true;  // 100 Continue, 103 Early Hints: the answer is still to come
    headers_done_ = true;
    read_timing();
    news_ = true;
    if (handler_->on_headers(response_)) return true;
    response_.truncated = true;
    return false;
}

bool CurlTransfer::take_body(std::string_view bytes) {
    if (silenced()) return false;
    auto room =
        static_cast<std::size_t>(std::max<std::int64_t>(0, request_.max_body_bytes - response_.bytes));
    auto piece = bytes.substr(0, room);
    response_.bytes += static_cast<std::int64_t>(piece.size());
    news_ = true;
    if (!calm_ && request_.calm_after >= 0 && response_.bytes >= request_.calm_after) {
        calm_ = true;
        multi_->calm(easy_);
    }
    bool go_on = piece.empty() || handler_->on_body(piece, monotonic_seconds() - start_);
    response_.truncated = !go_on || piece.size() < bytes.size();
    return !response_.truncated;
}

void CurlTransfer::read_timing() {
    auto at = [&](int info) {
        double seconds = api_->info_seconds(easy_, info);
        return seconds > 0 ? seconds : -1;
    };
    response_.timing = {.dns = at(CURLINFO_NAMELOOKUP_TIME_T),
                        .connect = at(CURLINFO_CONNECT_TIME_T),
                        .tls = at(CURLINFO_APPCONNECT_TIME_T),
                        .first_byte = at(CURLINFO_STARTTRANSFER_TIME_T),
                        .total = monotonic_seconds() - start_};
    response_.peer_address = api_->info_text(easy_, CURLINFO_PRIMARY_IP);
    response_.reused_connection =
        response_.timing.first_byte >= 0 && api_->info_long(easy_, CURLINFO_NUM_CONNECTS) == 0;
}

void CurlTransfer::finish(int code) {
    if (failure_) {
        response_.error = std::move(failure_);
        response_.timing.total = monotonic_seconds() - start_;
    } else {
        read_timing();
        auto end = collect_end(*api_, easy_, code);
        end.headers_too_long = headers_too_long_;
        end.headers_done = headers_done_;
        end.refused_address = refused_address_;
        end.refused_why = refused_why_;
        end.detail = detail_[0] != '\0' ? std::string(detail_.data()) : api_->describe(code);
        response_.error = error_of(end, request_, response_);
    }
    news_ = true;
    if (handler_) handler_->on_done(response_);
}

}  // namespace mirrorctl::net
