// libcurl inside the program (preset "static").
#include "base/digest.hpp"
#include "net/curl_functions.hpp"

namespace mirrorctl::net {

Result<CurlFunctions> find_curl() {
    start_crypto();
    return CurlFunctions{.global_init = &::curl_global_init,
                         .easy_init = &::curl_easy_init,
                         .easy_cleanup = &::curl_easy_cleanup,
                         .easy_pause = &::curl_easy_pause,
                         .easy_strerror = &::curl_easy_strerror,
                         .easy_setopt = &::curl_easy_setopt,
                         .easy_getinfo = &::curl_easy_getinfo,
                         .slist_append = &::curl_slist_append,
                         .slist_free_all = &::curl_slist_free_all,
                         .multi_init = &::curl_multi_init,
                         .multi_cleanup = &::curl_multi_cleanup,
                         .multi_setopt = &::curl_multi_setopt,
                         .multi_add_handle = &::curl_multi_add_handle,
                         .multi_remove_handle = &::curl_multi_remove_handle,
                         .multi_socket_action = &::curl_multi_socket_action,
                         .multi_timeout = &::curl_multi_timeout,
                         .multi_info_read = &::curl_multi_info_read};
}

}  // namespace mirrorctl::net
