// The functions of libcurl that are called, and where they come from: curl_opened.cpp loads the shared
// library, curl_linked.cpp takes those of the static program. The build chooses one of the two
// (src/CMakeLists.txt).
#pragma once

#include "base/result.hpp"

#include <curl/curl.h>

namespace mirrorctl::net {

// The types are taken from the declarations themselves, so that they cannot differ.
struct CurlFunctions {
    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_pause) easy_pause = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
    CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...) = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
    decltype(&::curl_multi_timeout) multi_timeout = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;
};

// All of them. Errors: not_found (not installed, or too old), with the package as hint.
Result<CurlFunctions> find_curl();

}  // namespace mirrorctl::net
