// Manifests and indexes as a mirror sends them: the media type in the first line, the body behind it.
#include "registry/manifest.hpp"

#include "base/digest.hpp"
#include "fuzz/oracle.hpp"

namespace {

using namespace mirrorctl;

void check(const registry::Descriptor& descriptor) {
    LAW(is_sha256_digest(descriptor.digest), descriptor.digest);
    LAW(descriptor.size >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = fuzz::view_of(data, size);
    auto type = input.substr(0, input.find('\n'));
    auto body = type.size() < input.size() ? input.substr(type.size() + 1) : std::string_view();
    (void)registry::is_manifest_type(type);
    auto document = registry::parse_manifest(body, type);
    if (!document) {
        EXPECT_ERROR(document.error(), ErrorCode::parse, ErrorCode::unsupported_layout);
        return 0;
    }
    if (const auto* image = std::get_if<registry::ImageManifest>(&*document)) {
        check(image->config);
        LAW(image->layers.size() <= 512);
        std::int64_t sum = image->config.size;
        for (const auto& layer : image->layers) {
            check(layer);
            sum += layer.size;  // UBSan watches: no manifest may make it overflow
        }
        LAW(sum >= 0);
        return 0;
    }
    const auto& index = std::get<registry::Index>(*document);
    LAW(index.entries.size() <= 1000);
    for (const auto& entry : index.entries) check(entry.descriptor);
    for (const registry::Platform& wanted :
         {registry::Platform{"linux", "amd64"}, registry::Platform{"linux", "arm", "v7"},
          registry::Platform{"linux", "arm64"}}) {
        auto picked = registry::pick_platform(index, wanted);
        if (!picked) {
            EXPECT_ERROR(picked.error(), ErrorCode::not_found);
            continue;
        }
        LAW(std::any_of(index.entries.begin(), index.entries.end(),
                        [&](const auto& entry) { return entry.descriptor == *picked; }));
    }
    return 0;
}
