// A systemd drop-in with proxy variables.
#include "fuzz/codec_laws.hpp"
#include "targets/proxy_files.hpp"

namespace {

using namespace mirrorctl;

constexpr const char* kNames[] = {"HTTP_PROXY",
                                  "http_proxy",
                                  "HTTPS_PROXY",
                                  "https_proxy",
                                  "NO_PROXY",
                                  "no_proxy",
                                  targets::kEnvironmentFile};

bool can_hold(const Values& values) {
    auto file = values.find(targets::kEnvironmentFile);
    if (!fuzz::scalars(values, kNames)) return false;
    return file == values.end() || file->second.front() == cat("-", targets::kDockerProxyEnv) ||
           file->second.front() == cat("-", targets::kContainerdProxyEnv);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::drop_in_codec(), can_hold, targets::render_drop_in},
                      fuzz::view_of(data, size));
    return 0;
}
