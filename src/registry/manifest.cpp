#include "registry/manifest.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace mirrorctl::registry {

namespace {

constexpr std::array<std::string_view, 4> kTypes{"application/vnd.docker.distribution.manifest.v2+json",
                                                 "application/vnd.docker.distribution.manifest.list.v2+json",
                                                 "application/vnd.oci.image.manifest.v1+json",
                                                 "application/vnd.oci.image.index.v1+json"};

// containerd, platforms/database.go: arm64 without variant is v8, arm without one is v7, amd64 without one is
// v1.
std::string variant_of(const Platform& platform) {
    if (!platform.variant.empty()) return platform.variant;
    if (platform.architecture == "arm64") return "v8";
    if (platform.architecture == "arm") return "v7";
    if (platform.architecture == "amd64") return "v1";
    return "";
}

// "v7" -> 7; nullopt for anything else.
std::optional<std::int64_t> level_of(const std::string& variant) {
    if (!variant.starts_with('v')) return std::nullopt;
    return parse_integer(std::string_view(variant).substr(1));
}

// How well `have` serves `wanted`: 0 = not at all, higher = better. A node runs lower variants of its
// architecture too.
std::int64_t fit(const Platform& have, const Platform& wanted) {
    if (have.os != wanted.os || have.architecture != wanted.architecture) return 0;
    auto ours = variant_of(wanted);
    auto theirs = variant_of(have);
    if (ours == theirs) return 1000;
    auto our_level = level_of(ours);
    auto their_level = level_of(theirs);
    if (!our_level || !their_level || *their_level > *our_level) return 0;
    return 1 + *their_level;
}

bool is_image_type(const std::string& type) {
    return type.empty() || type == kTypes[0] || type == kTypes[2];
}

std::string list_platforms(const Index& index) {
    std::set<std::string> names;
    for (const auto& entry : index.entries)
        if (!entry.platform.os.empty() && entry.platform.os != "unknown")
            names.insert(cat(entry.platform.os, "/", entry.platform.architecture,
                             entry.platform.variant.empty() ? "" : "/" + entry.platform.variant));
    return printable_line(join({names.begin(), names.end()}, ", "));
}

}  // namespace

std::string_view accept_manifests() {
    return "application/vnd.docker.distribution.manifest.v2+json, "
           "application/vnd.docker.distribution.manifest.list.v2+json, "
           "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
}

bool is_manifest_type(std::string_view content_type) {
    auto bare = lower(trim(content_type.substr(0, content_type.find(';'))));
    return std::find(kTypes.begin(), kTypes.end(), bare) != kTypes.end();
}

Platform running_platform() {
#if defined(__x86_64__)
    return {.os = "linux", .architecture = "amd64"};
#elif defined(__aarch64__)
    return {.os = "linux", .architecture = "arm64"};
#elif defined(__arm__)
    return {.os = "linux", .architecture = "arm", .variant = "v7"};
#elif defined(__riscv) && __riscv_xlen == 64
    return {.os = "linux", .architecture = "riscv64"};
#elif defined(__powerpc64__)
    return {.os = "linux", .architecture = "ppc64le"};
#elif defined(__s390x__)
    return {.os = "linux", .architecture = "s390x"};
#elif defined(__loongarch64)
    return {.os = "linux", .architecture = "loong64"};
#else
    return {.os = "linux", .architecture = "386"};
#endif
}

Result<Descriptor> pick_platform(const Index& index, const Platform& wanted) {
    const IndexEntry* best = nullptr;
    std::int64_t best_fit = 0;
    for (const auto& entry : index.entries) {
        if (entry.platform.os == "unknown" || !is_image_type(entry.descriptor.media_type)) continue;
        auto how = fit(entry.platform, wanted);
        if (how > best_fit) {
            best_fit = how;
            best = &entry;
        }
    }
    bool sole = index.entries.size() == 1 && index.entries.front().platform.os.empty();
    if (best == nullptr && sole) best = &index.entries.front();
    if (best != nullptr) return best->descriptor;
    return Failure(Error{.code = ErrorCode::not_found,
                         .message = cat("no image for this platform: ", wanted.os, "/", wanted.architecture,
                                        ": the index has ", list_platforms(index))});
}

}  // namespace mirrorctl::registry
