// dockerd's daemon.json, of which the list of mirrors is ours.
#include "fuzz/codec_laws.hpp"
#include "targets/docker_files.hpp"

namespace {

using namespace mirrorctl;

bool can_hold(const Values& values) {
    return values.empty() ||
           (values.size() == 1 && values.contains(targets::kRegistryMirrors) && !fuzz::has_twins(values));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::daemon_json_codec(), can_hold, targets::render_daemon_json},
                      fuzz::view_of(data, size));
    return 0;
}
