#include "engines/image_store.hpp"

#include "base/strings.hpp"
#include "engines/flags.hpp"
#include "text/json_doc.hpp"

#include <array>

namespace mirrorctl::engines {
namespace {

constexpr const char* kFeature = "containerd-snapshotter";
// Data of vfs does not count (moby daemon/graphdriver/driver.go, scanPriorDrivers).
constexpr std::array<const char*, 4> kDrivers{"overlay2", "fuse-overlayfs", "btrfs", "zfs"};

std::string text_at(const text::JsonDoc& doc, const char* key) {
    auto value = doc.string_at({key});
    return value && *value ? **value : "";
}

void read_daemon_json(const sys::FsReader& fs, const TargetPath& path, DockerStoreFacts& store) {
    auto text = fs.read(path);
    if (!text) return;
    auto doc = text::JsonDoc::parse(*text);
    if (!doc) return;
    if (auto feature = doc->bool_at({"features", kFeature})) store.feature = *feature;
    store.driver = text_at(*doc, "storage-driver");
    store.userns_remap = !text_at(*doc, "userns-remap").empty();
    for (const auto* key : {"graph", "data-root"})
        if (auto root = text_at(*doc, key); root.starts_with('/')) store.data_root = root;
}

void read_flags(const std::vector<FlagSource>& flags, DockerStoreFacts& store) {
    for (const auto& flag : flags) {
        if (flag_name(flag.flag) != "feature") continue;
        auto value = flag_value(flag.flag);
        if (value == kFeature || value == cat(kFeature, "=true")) store.feature = true;
        if (value == cat(kFeature, "=false")) store.feature = false;
    }
    if (auto driver = last_value(flags, "storage-driver")) store.driver = *driver;
    if (auto remap = last_value(flags, "userns-remap")) store.userns_remap = !remap->empty();
    for (const auto* name : {"graph", "data-root"})
        if (auto root = last_value(flags, name); root && root->starts_with('/')) store.data_root = *root;
}

}  // namespace

DockerStoreFacts read_store_facts(const sys::FsReader& fs, const DockerFacts& docker,
                                  const std::string& environment_driver) {
    DockerStoreFacts store;
    read_daemon_json(fs, docker.config_file, store);
    read_flags(docker.flags, store);
    if (!environment_driver.empty()) store.driver = environment_driver;
    TargetPath root(store.data_root);
    for (const auto* driver : kDrivers) {
        auto names = fs.list(root / driver);
        if (names && !names->empty()) store.prior_driver = driver;
    }
    return store;
}

}  // namespace mirrorctl::engines
