// The entries of registry-mirrors: would this dockerd take them, do they serve, do they count? Rules:
// ValidateMirror (moby registry/config.go up to 24.0, daemon/pkg/registry/config.go since).
#include "base/strings.hpp"
#include "base/url.hpp"
#include "doctor/checks.hpp"
#include "targets/docker_files.hpp"
#include "targets/mirror_choice.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

// "" if dockerd takes it.
std::string fault_of(const std::string& mirror) {
    if (mirror.empty()) return "it is empty";
    if (!has_scheme(mirror)) return "it has no http:// or https:// in front";
    if (mirror.find('#') != std::string::npos) return "it has a fragment";
    auto url = parse_url(mirror);
    if (!url) return url.error().message;
    if (!url->userinfo.empty()) return "it holds a user or a password";
    if (!url->query.empty() || mirror.ends_with('?')) return "it has a query";
    return "";
}

std::string shown(const std::string& mirror) {
    return mirror.empty() ? "\"\"" : printable_line(mask_secrets(mirror), 120);
}

std::string edit_daemon_json(const Scene& scene) {
    return "sudoedit " + scene.daemon.path.str();
}

// Mirrors that dockerd would use, parsed.
std::vector<Url> good_mirrors(const Scene& scene) {
    std::vector<Url> urls;
    for (const auto& mirror : scene.registry_mirrors)
        if (fault_of(mirror).empty()) urls.push_back(parse_url(mirror).value());
    return urls;
}

std::vector<std::string> without_slashes(std::vector<std::string> mirrors) {
    for (auto& mirror : mirrors)
        while (mirror.ends_with('/')) mirror.pop_back();
    return mirrors;
}

}  // namespace

void mirror_invalid(const Scene& scene, Sink& sink) {
    if (scene.daemon.doc && scene.daemon.doc->has({targets::kRegistryMirrors}) &&
        !scene.daemon.doc->strings_at({targets::kRegistryMirrors}))
        sink.add(scene.daemon.path.str(),
                 "registry-mirrors is no list of strings: dockerd does not start with it",
                 edit_daemon_json(scene));
    for (const auto& mirror : scene.registry_mirrors)
        if (auto fault = fault_of(mirror); !fault.empty())
            sink.add(scene.daemon.path.str(),
                     cat("dockerd does not start with the mirror ", shown(mirror), ": ", fault),
                     edit_daemon_json(scene));
}

void mirror_path(const Scene& scene, Sink& sink) {
    const auto& version = scene.node.docker.version;
    if (!version || targets::holds(targets::Rule::mirror_path, version)) return;
    for (const auto& url : good_mirrors(scene))
        if (!without_trailing_slash(url).path.empty())
            sink.add(scene.daemon.path.str(),
                     cat("a mirror with a path needs Docker Engine 24.0, dockerd ", version->text,
                         " does not start with ", url.str()),
                     edit_daemon_json(scene));
}

// dockerd asks /v2/NAME behind the path; prefix forms have their /v2 in front.
void mirror_prefix_form(const Scene& scene, Sink& sink) {
    for (const auto& url : good_mirrors(scene)) {
        auto path = without_trailing_slash(url).path;
        if (path != "/docker.io" && path != "/v2" && !path.starts_with("/v2/")) continue;
        sink.add(scene.daemon.path.str(),
                 cat("dockerd asks ", url.origin(), path,
                     "/v2/..., where a mirror of this form does not answer: ", url.str()),
                 "sudo mirrorctl apply   # this form fits hosts.toml only (override_path)");
    }
}

void mirror_duplicate(const Scene& scene, Sink& sink) {
    const auto& all = scene.registry_mirrors;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                        [&](const std::string& m) { return same_mirror(m, all[i]); }))
            sink.add(scene.daemon.path.str(), cat("registry-mirrors names ", shown(all[i]), " twice"),
                     edit_daemon_json(scene));
}

void mirrors_hidden(const Scene& scene, Sink& sink) {
    const auto* certs = scene.docker_certs();
    if (certs == nullptr || scene.registry_mirrors.empty() || uses_containerd_store(scene) != true) return;
    const auto* dir = certs->find("docker.io");
    if (dir == nullptr) dir = certs->find("_default");
    if (dir == nullptr || !dir->text || dir->hosts.refusal != Refusal::none) return;
    // mergeLegacyConfig (moby daemon/hosts.go): two endpoints or more, and daemon.json is passed over.
    auto endpoints = dir->hosts.hosts.size() + (dir->hosts.has_server ? 0 : 1);
    if (endpoints < 2) return;
    sink.add(
        scene.daemon.path.str(),
        cat("registry-mirrors has no effect: ", dir->path.str(), "/hosts.toml outranks it in this dockerd"),
        cat("keep one of both: sudo mirrorctl apply, or move ", dir->path.str(), "/hosts.toml away"));
}

void docker_hosts_unread(const Scene& scene, Sink& sink) {
    const auto& docker = scene.node.docker;
    TargetPath certs("/etc/docker/certs.d");
    bool knows = targets::holds(targets::Rule::docker_hosts_toml, docker.version);
    if (!docker.installed || !docker.version || (knows && uses_containerd_store(scene) != false)) return;
    if (has_program(scene.fs, "nerdctl")) return;
    for (const auto& name : scene.fs.list(certs).value_or(std::vector<std::string>{})) {
        if (!file_exists(scene.fs, certs / name / "hosts.toml")) continue;
        sink.add(
            (certs / name / "hosts.toml").str(),
            knows ? "dockerd reads it only when it keeps images in containerd's store, and here it does not"
                  : cat("dockerd reads hosts.toml from Engine 28.0 on, here is ", docker.version->text),
            knows ? "\"features\": { \"containerd-snapshotter\": true } in daemon.json: existing images are "
                    "not seen in the other store"
                  : "put mirrors of docker.io into daemon.json: sudo mirrorctl apply");
    }
}

void mirrors_not_live(const Scene& scene, Sink& sink) {
    const auto& docker = scene.node.docker;
    if (!docker.live || !scene.daemon.doc) return;
    auto live = without_slashes(docker.live->mirrors);
    std::vector<std::string> missing;
    for (const auto& mirror : without_slashes(scene.registry_mirrors))
        if (std::find(live.begin(), live.end(), mirror) == live.end()) missing.push_back(shown(mirror));
    if (!missing.empty())
        sink.add(docker.unit.name,
                 cat("the running dockerd does not have mirrors of ", scene.daemon.path.str(), ": ",
                     join(missing, ", ")),
                 cat("sudo systemctl reload ", docker.unit.name));
}

void mirrors_still_live(const Scene& scene, Sink& sink) {
    const auto& docker = scene.node.docker;
    bool flags = std::any_of(docker.flags.begin(), docker.flags.end(), [](const FlagSource& source) {
        return source.flag.starts_with("--registry-mirror");
    });
    if (!docker.live || flags || scene.daemon.unreadable || scene.daemon.error) return;
    auto written = without_slashes(scene.registry_mirrors);
    std::vector<std::string> extra;
    for (const auto& mirror : without_slashes(docker.live->mirrors))
        if (std::find(written.begin(), written.end(), mirror) == written.end())
            extra.push_back(shown(mirror));
    if (extra.empty()) return;
    // A reload keeps the old mirrors when the key is gone from the file.
    bool gone = !scene.daemon.doc || !scene.daemon.doc->has({targets::kRegistryMirrors});
    sink.add(docker.unit.name,
             cat("the running dockerd still has mirrors that ", scene.daemon.path.str(),
                 " no longer names: ", join(extra, ", ")),
             cat("sudo systemctl ", gone ? "restart " : "reload ", docker.unit.name));
}

}  // namespace mirrorctl::doctor
