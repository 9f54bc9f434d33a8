// libcurl from the system's shared library.
#include "base/strings.hpp"
#include "net/curl_functions.hpp"

#include <dlfcn.h>

namespace mirrorctl::net {

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

}  // namespace

Result<CurlFunctions> find_curl() {
    void* library = ::dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
        const char* why = ::dlerror();
        return Failure(unusable(why ? why : "unknown reason"));
    }
    CurlFunctions f;
    auto find = [&](const char* name, auto& function) { return find_symbol(library, name, function); };
    bool all = find("curl_global_init", f.global_init) && find("curl_easy_init", f.easy_init) &&
               find("curl_easy_cleanup", f.easy_cleanup) && find("curl_easy_pause", f.easy_pause) &&
               find("curl_easy_strerror", f.easy_strerror) && find("curl_easy_setopt", f.easy_setopt) &&
               find("curl_easy_getinfo", f.easy_getinfo) && find("curl_slist_append", f.slist_append) &&
               find("curl_slist_free_all", f.slist_free_all) && find("curl_multi_init", f.multi_init) &&
               find("curl_multi_cleanup", f.multi_cleanup) && find("curl_multi_setopt", f.multi_setopt) &&
               find("curl_multi_add_handle", f.multi_add_handle) &&
               find("curl_multi_remove_handle", f.multi_remove_handle) &&
               find("curl_multi_socket_action", f.multi_socket_action) &&
               find("curl_multi_timeout", f.multi_timeout) && find("curl_multi_info_read", f.multi_info_read);
    if (!all) return Failure(unusable("a function is missing (7.87 or later is needed)"));
    return f;
}

}  // namespace mirrorctl::net
