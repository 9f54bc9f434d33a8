// /etc/mirrorctl/config.yaml: any bytes give a configuration or an error with a place.
#include "profile/config.hpp"

#include "fuzz/oracle.hpp"
#include "support/mem_fs.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    auto text = fuzz::view_of(data, size);
    support::MemFs root;
    root.put(profile::kConfigPath, text);
    auto config = profile::load_config(root);
    if (!config) {
        EXPECT_ERROR(config.error(), ErrorCode::parse, ErrorCode::duplicate_key);
        LAW(config.error().location && config.error().location->file == profile::kConfigPath);
        return 0;
    }
    LAW(config->present);
    LAW(fuzz::is_printable(config->site));
    // A name becomes that of a file in our own directory, and leads nowhere else.
    LAW(config->profile.find('/') == std::string::npos || config->profile.starts_with('/'), config->profile);
    return 0;
}
