#include "net/curl_api.hpp"

#include "base/strings.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace mirrorctl::net {

// The types are taken from the declarations themselves, so that they cannot differ.
struct CurlApi::Functions {
    decltype(&::curl_global_init) global_init;
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_strerror) easy_strerror;
    CURLcode (*easy_setopt)(CURL*, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...);
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;
    decltype(&::curl_multi_init) multi_init;
    decltype(&::curl_multi_cleanup) multi_cleanup;
    CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...);
    decltype(&::curl_multi_add_handle) multi_add_handle;
    decltype(&::curl_multi_remove_handle) multi_remove_handle;
    decltype(&::curl_multi_perform) multi_perform;
    decltype(&::curl_multi_poll) multi_poll;
    decltype(&::curl_multi_info_read) multi_info_read;
};

namespace {

Error unusable(std::string_view why) {
    return {.code = ErrorCode::not_found,
            .message = cat("cannot load libcurl: libcurl.so.4: ", printable_line(why)),
            .hint = "apt-get install libcurl4"};
}

template <class Function>
bool find_symbol(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

std::string literal_of(const curl_sockaddr& address) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(&address.addr, static_cast<socklen_t>(address.addrlen), text.data(), text.size(),
                      nullptr, 0, NI_NUMERICHOST) != 0)
        return "";
    std::string literal = text.data();
    return literal.substr(0, literal.find('%'));  // the zone of a link-local address
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

}  // namespace

Result<const CurlApi*> CurlApi::load() {
    static const Result<CurlApi> kApi = []() -> Result<CurlApi> {
        void* library = ::dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
        if (!library) {
            const char* why = ::dlerror();
            return Failure(unusable(why ? why : "unknown reason"));
        }
        CurlApi api;
        TRY(api.resolve_symbols(library));
        return api;
    }();
    if (!kApi) return Failure(kApi.error());
    return &*kApi;
}

Result<void> CurlApi::resolve_symbols(void* library) {
    static Functions f{};
    auto find = [&](const char* name, auto& function) { return find_symbol(library, name, function); };
    bool all = find("curl_global_init", f.global_init) && find("curl_easy_init", f.easy_init) &&
               find("curl_easy_cleanup", f.easy_cleanup) && find("curl_easy_strerror", f.easy_strerror) &&
               find("curl_easy_setopt", f.easy_setopt) && find("curl_easy_getinfo", f.easy_getinfo) &&
               find("curl_slist_append", f.slist_append) && find("curl_slist_free_all", f.slist_free_all) &&
               find("curl_multi_init", f.multi_init) && find("curl_multi_cleanup", f.multi_cleanup) &&
               find("curl_multi_setopt", f.multi_setopt) &&
               find("curl_multi_add_handle", f.multi_add_handle) &&
               find("curl_multi_remove_handle", f.multi_remove_handle) &&
               find("curl_multi_perform", f.multi_perform) && find("curl_multi_poll", f.multi_poll) &&
               find("curl_multi_info_read", f.multi_info_read);
    if (!all) return Failure(unusable("a function is missing (7.87 or later is needed)"));
    if (f.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return Failure(unusable("it does not initialise"));
    functions_ = &f;
    return {};
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

bool CurlApi::set(void* easy, int option, void* pointer) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), pointer) == CURLE_OK;
}

bool CurlApi::set(void* easy, int option, Sink sink) const {
    return functions_->easy_setopt(easy, static_cast<CURLoption>(option), sink) == CURLE_OK;
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

void* CurlApi::multi_init(long kept_connections) const {
    CURLM* multi = functions_->multi_init();
    if (multi) functions_->multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections);
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

void CurlApi::multi_perform(void* multi) const {
    int running = 0;
    functions_->multi_perform(multi, &running);
}

void CurlApi::multi_poll(void* multi, int milliseconds) const {
    functions_->multi_poll(multi, nullptr, 0, milliseconds, nullptr);
}

std::optional<FinishedTransfer> CurlApi::multi_next_finished(void* multi) const {
    int left = 0;
    while (const CURLMsg* message = functions_->multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE) return FinishedTransfer{message->easy_handle, message->data.result};
    return std::nullopt;
}

}  // namespace mirrorctl::net
