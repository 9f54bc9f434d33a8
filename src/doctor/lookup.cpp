#include "doctor/lookup.hpp"

#include "base/strings.hpp"
#include "doctor/proxy_words.hpp"
#include "targets/version_rules.hpp"
#include "text/toml_doc.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

using targets::Rule;

constexpr const char* kNerdctl = "/etc/nerdctl/nerdctl.toml";

std::vector<std::string> directory_names(const std::string& registry) {
    std::vector<std::string> names;
    auto colon = registry.rfind(':');
    if (colon != std::string::npos && !registry.ends_with(']'))
        names.push_back(cat(registry.substr(0, colon), "_", registry.substr(colon + 1), "_"));
    names.push_back(registry);
    names.emplace_back("_default");
    return names;
}

const RegistryDir* find_directory(const Scene& scene, const std::vector<TargetPath>& roots,
                                  const std::string& registry) {
    for (const auto& root : roots) {
        const auto* certs = scene.certs_at(root);
        if (certs == nullptr) continue;
        for (const auto& name : directory_names(registry))
            if (const auto* dir = certs->find(name)) return dir;
    }
    return nullptr;
}

std::string why_of(const HostRow& host) {
    if (!host.usable) return "is no URL that containerd understands";
    if (!host.resolve && !host.pull) return "may neither resolve tags nor serve content";
    if (!host.resolve) return "content only: it may not say what a tag is";
    return host.is_server ? "`server` of the file: asked last" : "mirror";
}

std::string environment_value(const UnitFacts& unit, const char* name) {
    auto it = unit.proxy_environment.find(name);
    return it == unit.proxy_environment.end() ? "" : it->second;
}

}  // namespace

Endpoint upstream_of(const std::string& registry, std::string why) {
    return {.root = default_server(registry) + "/v2", .upstream = true, .why = std::move(why)};
}

Lookup look_up(const Scene& scene, const std::vector<TargetPath>& roots, const std::string& registry) {
    Lookup found;
    const auto* dir = find_directory(scene, roots, registry);
    if (dir != nullptr && dir->is_unreadable()) {
        found.file = (dir->path / "hosts.toml").str();
        found.note = "the file cannot be read as this user";
        return found;
    }
    if (dir == nullptr || !dir->text) {
        found.note = dir == nullptr ? cat("no directory for ", registry, " and no _default")
                                    : cat(dir->path.str(), " has no hosts.toml, and hides every _default");
        found.hosts = {upstream_of(registry, "no mirror is set for it")};
        return found;
    }
    found.file = (dir->path / "hosts.toml").str();
    if (dir->hosts.refusal != Refusal::none) {
        found.note = cat("the file is ignored: ", dir->hosts.why);
        found.hosts = {upstream_of(registry, "its hosts.toml is ignored")};
        return found;
    }
    for (const auto& host : dir->hosts.hosts)
        found.hosts.push_back({.root = host.usable ? host.root : host.written,
                               .resolve = host.resolve && host.usable,
                               .pull = host.pull && host.usable,
                               .upstream = host.url.origin() == default_server(registry),
                               .why = why_of(host)});
    if (!dir->hosts.has_server)
        found.hosts.push_back(upstream_of(registry, "the registry itself: asked last"));
    return found;
}

std::vector<TargetPath> cri_roots(const Scene& scene, std::string& why) {
    const auto& containerd = scene.node.containerd;
    if (scene.config.error || scene.config.unreadable) {
        why = cat(containerd.config_file.str(),
                  scene.config.error ? " does not load" : " cannot be read as this user");
        return {};
    }
    if (is_cri_disabled(scene)) {
        why = "the CRI plugin is disabled";
        return {};
    }
    auto path = scene.config.config_path;
    if (path.empty() && targets::holds(Rule::default_config_path, containerd.version))
        path = cat(kContainerdCerts, ":", kDockerCerts);
    if (path.empty()) {
        why = "config_path is not set";
        return {};
    }
    bool one = targets::holds(Rule::single_dir_transfer, containerd.version) && containerd.version;
    if (one && path.find(':') != std::string::npos) {
        why = "config_path is a list, which this containerd takes for one directory";
        return {};
    }
    std::vector<TargetPath> roots;
    for (const auto& part : split(path, ':'))
        if (!part.empty()) roots.emplace_back(part);
    return roots;
}

std::vector<TargetPath> nerdctl_roots(const sys::FsReader& fs) {
    if (auto text = fs.read(TargetPath(kNerdctl))) {
        auto doc = text::TomlDoc::parse(*text);
        auto dirs = doc ? doc->strings_at({"hosts_dir"})
                        : Result<std::optional<std::vector<std::string>>>(Failure(doc.error()));
        if (dirs && *dirs) {
            std::vector<TargetPath> roots;
            for (const auto& dir : **dirs) roots.emplace_back(dir);
            return roots;
        }
    }
    return {TargetPath(kContainerdCerts), TargetPath(kDockerCerts)};
}

std::vector<TargetPath> docker_roots(const Scene& scene) {
    bool reads = targets::holds(Rule::docker_hosts_toml, scene.node.docker.version) &&
                 uses_containerd_store(scene).value_or(false);
    return reads ? std::vector<TargetPath>{TargetPath(kDockerCerts)} : std::vector<TargetPath>{};
}

Proxies proxies_of_docker(const Scene& scene) {
    const auto& docker = scene.node.docker;
    if (docker.live) return {docker.live->http_proxy, docker.live->https_proxy, docker.live->no_proxy};
    Proxies proxies{environment_value(docker.unit, "HTTP_PROXY"),
                    environment_value(docker.unit, "HTTPS_PROXY"),
                    environment_value(docker.unit, "NO_PROXY")};
    if (!targets::holds(Rule::daemon_proxies, docker.version)) return proxies;
    for (const auto& word : json_proxies(scene.daemon)) {
        if (word.name == "http-proxy") proxies.http = word.value;
        if (word.name == "https-proxy") proxies.https = word.value;
        if (word.name == "no-proxy") proxies.no_proxy = word.value;
    }
    return proxies;
}

Proxies proxies_of_containerd(const Scene& scene) {
    const auto& unit = scene.node.containerd.unit;
    return {environment_value(unit, "HTTP_PROXY"), environment_value(unit, "HTTPS_PROXY"),
            environment_value(unit, "NO_PROXY")};
}

}  // namespace mirrorctl::doctor
