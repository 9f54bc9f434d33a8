# Preset "static": one file without shared libraries. Sets what the lists of libraries differ in.

find_package(PkgConfig REQUIRED)
pkg_check_modules(STATIC_TLS REQUIRED libssl libcrypto)
pkg_check_modules(STATIC_RESOLVER libcares)
find_library(STATIC_YAML libyaml-cpp.a)
if(NOT STATIC_RESOLVER_FOUND OR NOT STATIC_YAML)
  message(FATAL_ERROR "the static program needs packages that are not installed\n  run: scripts/setup --static")
endif()

execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/static-curl build
  OUTPUT_VARIABLE STATIC_CURL ERROR_VARIABLE why RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "${why}")
endif()
message(STATUS "libcurl for the static program: ${STATIC_CURL}")

add_library(yaml-cpp STATIC IMPORTED GLOBAL)
set_target_properties(yaml-cpp PROPERTIES IMPORTED_LOCATION ${STATIC_YAML})
add_library(curl_static STATIC IMPORTED GLOBAL)
set_target_properties(curl_static PROPERTIES IMPORTED_LOCATION ${STATIC_CURL}/lib/libcurl.a)
set_target_properties(OpenSSL::Crypto PROPERTIES IMPORTED_LOCATION ${STATIC_CURL}/lib/libcrypto.a)
target_link_directories(curl_static INTERFACE ${STATIC_CURL}/lib)
set(CMAKE_SKIP_RPATH ON)  # glibc 2.36 crashes at the start of a static program that has one
target_link_libraries(curl_static INTERFACE ${STATIC_TLS_STATIC_LDFLAGS} ${STATIC_RESOLVER_STATIC_LDFLAGS})

set(CURL_INCLUDE_DIRS ${STATIC_CURL}/include)
set(MIRRORCTL_CURL curl_static)
set(MIRRORCTL_OTHER_CURL net/curl_opened.cpp)
set(MIRRORCTL_FMT fmt::fmt-header-only)

# mirrorctl_make_static(TARGET): position independent, so that the kernel places it anew at every start, and stripped. A linker warning
# means that something needs shared libraries after all.
function(mirrorctl_make_static target)
  target_sources(${target} PRIVATE no_plugins.cpp)
  set_property(TARGET ${target} PROPERTY POSITION_INDEPENDENT_CODE)  # neither -pie nor -no-pie: both would undo -static-pie
  target_compile_options(${target} PRIVATE -fPIE)
  target_link_options(${target} PRIVATE -static-pie -s -Wl,--gc-sections -Wl,-z,pack-relative-relocs -Wl,--wrap=dlopen -Wl,--fatal-warnings)
endfunction()
