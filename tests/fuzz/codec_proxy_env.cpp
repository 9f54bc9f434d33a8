// The file for EnvironmentFile=, with proxy variables.
#include "fuzz/codec_laws.hpp"
#include "targets/proxy_files.hpp"

namespace {

using namespace mirrorctl;

constexpr const char* kNames[] = {"HTTP_PROXY",  "http_proxy", "HTTPS_PROXY",
                                  "https_proxy", "NO_PROXY",   "no_proxy"};

bool can_hold(const Values& values) {
    return fuzz::scalars(values, kNames);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::proxy_env_codec(), can_hold, targets::render_proxy_env},
                      fuzz::view_of(data, size));
    return 0;
}
