#include "net/curl_api.hpp"

#include "net/curl_functions.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace mirrorctl::net {

namespace {

constexpr long kLongestTimeout = 3600L * 1000L;  // milliseconds

// Without the zone of a link-local address. inet_ntop and not getnameinfo: that one loads libraries to find
// names.
std::string literal_of(const curl_sockaddr& address) {
    const void* bytes = nullptr;
    if (address.family == AF_INET)
        bytes = &reinterpret_cast<const sockaddr_in*>(&address.addr)->sin_addr;
    else if (address.family == AF_INET6)
        bytes = &reinterpret_cast<const sockaddr_in6*>(&address.addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (!bytes || !::inet_ntop(address.family, bytes, text.data(), text.size())) return "";
    return text.data();
}

// CURLOPT_OPENSOCKETFUNCTION: before any packet leaves.
curl_socket_t open_socket(void* guard, curlsocktype, curl_sockaddr* address) {
    if (!static_cast<AddressGuard*>(guard)->permits(literal_of(*address))) return CURL_SOCKET_BAD;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// CURLOPT_PREREQFUNCTION: before the request is sent, also on a connection that a less careful request had
// opened.
int before_request(void* guard, char* peer, char*, int, int) {
    return static_cast<AddressGuard*>(guard)->permits(peer ? peer : "") ? CURL_PREREQFUNC_OK
                                                                        : CURL_PREREQFUNC_ABORT;
}

// CURLMOPT_SOCKETFUNCTION
int tell_watch(CURL* easy, curl_socket_t socket, int what, void* watch, void*) {
    bool reading = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    bool writing = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    static_cast<SocketWatch*>(watch)->watch(easy, socket, reading, writing);
    return 0;
}

}  // namespace

Result<const CurlApi*> CurlApi::load() {
    static const Result<CurlFunctions> kFunctions = []() -> Result<CurlFunctions> {
        TRY_ASSIGN(auto functions, find_curl());
        if (functions.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
            return Failure(
                Error{.code = ErrorCode::internal, .message = "cannot use libcurl: it does not initialise"});
        return functions;
    }();
    if (!kFunctions) return Failure(kFunctions.error());
    static const CurlApi kApi(*kFunctions);
    return &kApi;
}

void* CurlApi::easy_init() const {
    return functions_->easy_init();
}

void CurlApi::easy_cleanup(void* easy) const {
    functions_->easy_cleanup(easy);
}

bool CurlApi::set(void* easy, int option, long value) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), value) == CURLE_OK;
}

bool CurlApi::set(void* easy, int option, const std::string& value) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), value.c_str()) == CURLE_OK;
}

bool CurlApi::set_bytes(void* easy, int option, const std::string& bytes) const {
    auto text = bytes;
    curl_blob blob{.data = text.data(), .len = text.size(), .flags = CURL_BLOB_COPY};
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), &blob) == CURLE_OK;
}

bool CurlApi::set(void* easy, int option, void* pointer) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), pointer) == CURLE_OK;
}

bool CurlApi::set(void* easy, int option, Sink sink) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), sink) == CURLE_OK;
}

bool CurlApi::set_size(void* easy, int option, std::int64_t value) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), static_cast<curl_off_t>(value)) ==
           CURLE_OK;
}

void CurlApi::pause(void* easy, bool receiving_held) const {
    functions_->easy_pause(easy, receiving_held ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

bool CurlApi::set_guard(void* easy, AddressGuard& guard) const {
    const auto& f = *functions_;
    void* user = &guard;
    return f.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket) == CURLE_OK &&
           f.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, user) == CURLE_OK &&
           f.easy_setopt(easy, CURLOPT_PREREQFUNCTION, &before_request) == CURLE_OK &&
           f.easy_setopt(easy, CURLOPT_PREREQDATA, user) == CURLE_OK;
}

long CurlApi::info_long(void* easy, int info) const {
    long value = 0;
    functions_->easy_getinfo(easy, static_cast<CURLINFO>(info), &value);
    return value;
}

double CurlApi::info_seconds(void* easy, int info) const {
    curl_off_t microseconds = 0;
    functions_->easy_getinfo(easy, static_cast<CURLINFO>(info), &microseconds);
    return static_cast<double>(microseconds) * 1e-6;
}

std::string CurlApi::info_text(void* easy, int info) const {
    char* text = nullptr;
    functions_->easy_getinfo(easy, static_cast<CURLINFO>(info), &text);
    return text ? text : "";
}

std::string CurlApi::describe(int code) const {
    return functions_->easy_strerror(static_cast<CURLcode>(code));
}

void* CurlApi::append(void* list, const std::string& line) const {
    return functions_->slist_append(static_cast<curl_slist*>(list), line.c_str());
}

void CurlApi::free_list(void* list) const {
    functions_->slist_free_all(static_cast<curl_slist*>(list));
}

void* CurlApi::multi_init(long kept_connections, SocketWatch& watch) const {
    const auto& f = *functions_;
    CURLM* multi = f.multi_init();
    if (!multi) return nullptr;
    void* user = &watch;
    f.multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections);
    f.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &tell_watch);
    f.multi_setopt(multi, CURLMOPT_SOCKETDATA, user);
    return multi;
}

void CurlApi::multi_cleanup(void* multi) const {
    functions_->multi_cleanup(multi);
}

bool CurlApi::multi_add(void* multi, void* easy) const {
    return functions_->multi_add_handle(multi, easy) == CURLM_OK;
}

void CurlApi::multi_remove(void* multi, void* easy) const {
    functions_->multi_remove_handle(multi, easy);
}

void CurlApi::multi_act(void* multi, int socket, SocketState state) const {
    int running = 0;
    int what = (state.readable ? CURL_CSELECT_IN : 0) | (state.writable ? CURL_CSELECT_OUT : 0) |
               (state.failed ? CURL_CSELECT_ERR : 0);
    functions_->multi_socket_action(multi, socket, what, &running);
}

int CurlApi::multi_timeout(void* multi) const {
    long milliseconds = -1;
    functions_->multi_timeout(multi, &milliseconds);
    return static_cast<int>(std::clamp(milliseconds, -1L, kLongestTimeout));
}

void CurlApi::multi_act_on_time(void* multi) const {
    int running = 0;
    functions_->multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

std::optional<FinishedTransfer> CurlApi::multi_next_finished(void* multi) const {
    int left = 0;
    while (const CURLMsg* message = functions_->multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE) return FinishedTransfer{message->easy_handle, message->data.result};
    return std::nullopt;
}

}  // namespace mirrorctl::net
