// Directories below certs.d: which of them are ever looked at (containerd
// core/remotes/docker/config/config_unix.go: host_PORT_, then host:PORT, then _default; the directory
// decides, not the file in it).
#include "base/strings.hpp"
#include "doctor/checks.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

constexpr std::array<std::string_view, 3> kHubNames{"registry-1.docker.io", "index.docker.io",
                                                    "hub.docker.com"};

bool is_registry(const RegistryDir& dir) {
    return !dir.name.starts_with('_') && !dir.name.starts_with('.');
}

// Certificates without a hosts.toml are a use of their own.
bool has_certificates(const RegistryDir& dir) {
    return std::any_of(dir.names.begin(), dir.names.end(), [](const std::string& name) {
        return name.ends_with(".crt") || name.ends_with(".cert") || name.ends_with(".key");
    });
}

template <class Function>
void for_registries(const Scene& scene, Function function) {
    for (const auto& certs : scene.certs)
        for (const auto& dir : certs.registries)
            if (is_registry(dir)) function(certs, dir);
}

}  // namespace

void hosts_dir_empty(const Scene& scene, Sink& sink) {
    for_registries(scene, [&](const CertsDir& certs, const RegistryDir& dir) {
        const auto* fallback = certs.find("_default");
        if (fallback == nullptr || !fallback->text || dir.text || has_certificates(dir)) return;
        if (std::find(dir.names.begin(), dir.names.end(), "hosts.toml") != dir.names.end()) return;
        sink.add(dir.path.str(), cat("has no hosts.toml, and hides ", fallback->path.str(), " all the same"),
                 "sudo rmdir " + dir.path.str());
    });
}

void default_hidden(const Scene& scene, Sink& sink) {
    for (const auto& certs : scene.certs) {
        const auto* fallback = certs.find("_default");
        if (fallback == nullptr || !fallback->text) continue;
        std::vector<std::string> names;
        for (const auto& dir : certs.registries)
            if (is_registry(dir) && dir.text) names.push_back(dir.upstream);
        if (!names.empty())
            sink.add((fallback->path / "hosts.toml").str(),
                     cat("does not hold for the registries that have a directory of their own: ",
                         join(names, ", ")),
                     "repeat its hosts there if they shall serve these registries too");
    }
}

void both_port_dirs(const Scene& scene, Sink& sink) {
    for_registries(scene, [&](const CertsDir& certs, const RegistryDir& dir) {
        if (dir.name.find(':') == std::string::npos) return;
        for (const auto& other : certs.registries)
            if (other.name != dir.name && other.upstream == dir.upstream)
                sink.add(dir.path.str(), cat("is never looked at: ", other.path.str(), " is found first"),
                         "sudo rm -r " + dir.path.str() + "   # after moving what is needed");
    });
}

void never_looked_up(const Scene& scene, Sink& sink) {
    for_registries(scene, [&](const CertsDir& certs, const RegistryDir& dir) {
        if (std::find(kHubNames.begin(), kHubNames.end(), dir.name) == kHubNames.end()) return;
        sink.add(dir.path.str(), "is never looked at: images of Docker Hub are looked up as docker.io",
                 cat("sudo mv ", dir.path.str(), " ", (certs.path / "docker.io").str()));
    });
}

}  // namespace mirrorctl::doctor
