// containerd's config.toml, of which one key is ours. A run also reads what else matters in it.
#include "fuzz/codec_laws.hpp"
#include "targets/config_toml.hpp"

namespace {

using namespace mirrorctl;

constexpr const char* kNames[] = {targets::kConfigPath};

bool can_hold(const Values& values) {
    return fuzz::scalars(values, kNames);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::check_codec({targets::config_toml_codec(), can_hold}, fuzz::view_of(data, size));
    return 0;
}
