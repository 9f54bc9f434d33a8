// The config.json of the docker command, of which proxies.default is ours.
#include "fuzz/codec_laws.hpp"
#include "targets/docker_files.hpp"

namespace {

using namespace mirrorctl;

constexpr const char* kNames[] = {"httpProxy", "httpsProxy", "allProxy", "noProxy"};

bool can_hold(const Values& values) {
    return fuzz::scalars(values, kNames);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::docker_config_codec(), can_hold, targets::render_docker_config},
                      fuzz::view_of(data, size));
    return 0;
}
