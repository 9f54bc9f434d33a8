#include "doctor/explain.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "doctor/lookup.hpp"
#include "net/no_proxy.hpp"
#include "targets/version_rules.hpp"
#include "text/tree.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

using registry::Reference;

constexpr const char* kHub = "docker.io";
constexpr const char* kCallers = "the caller's environment";

enum class Namespace { sent, never };

// addNamespace (containerd core/remotes/docker/resolver.go): not to the registry itself, nor to the host of
// Docker Hub.
bool sends_namespace(const Url& root, const std::string& registry) {
    return root.authority() != registry && root.origin() != default_server(registry);
}

std::string manifest_url(const Endpoint& host, const Reference& image, Namespace ns) {
    auto url = cat(host.root, "/", image.repository, "/manifests/", image.target());
    auto root = parse_url(host.root);
    if (ns == Namespace::never || !root || !sends_namespace(*root, image.registry)) return url;
    return cat(url, "?ns=", image.registry);
}

std::string route(const Endpoint& host, const Proxies& proxies) {
    auto url = parse_url(host.root);
    if (!url) return "direct";
    auto proxy =
        net::proxy_for(*url, {.http = proxies.http, .https = proxies.https, .no_proxy = proxies.no_proxy});
    return proxy.empty() ? "direct" : mask_secrets(proxy);
}

ExplainedHost explained(const Endpoint& host, const Reference& image, Namespace ns, std::string via) {
    return {.url = manifest_url(host, image, ns),
            .tag = host.resolve && host.pull && image.digest.empty(),
            .content = host.pull,
            .via = std::move(via),
            .why = host.why};
}

std::vector<std::string> mirrors_of_dockerd(const Scene& scene) {
    const auto& docker = scene.node.docker;
    if (docker.live) return docker.live->mirrors;
    auto mirrors = scene.registry_mirrors;
    for (const auto& source : docker.flags)
        if (source.flag.starts_with("--registry-mirror=")) mirrors.push_back(source.flag.substr(18));
    return mirrors;
}

// mirrorsToRegistryHosts (moby daemon/hosts.go): "/v2" behind the path, all mirrors may resolve, the registry
// last.
std::vector<Endpoint> hosts_of_daemon_json(const Scene& scene, const std::string& registry) {
    std::vector<Endpoint> hosts;
    if (registry == kHub)
        for (const auto& mirror : mirrors_of_dockerd(scene))
            if (auto url = parse_url(mirror))
                hosts.push_back(
                    {.root = without_trailing_slash(*url).str() + "/v2",
                     .why = cat("registry-mirrors",
                                scene.node.docker.live ? ", as the running dockerd has them" : "")});
    auto why =
        registry == kHub ? "the registry itself: asked last" : "registry-mirrors holds for docker.io only";
    hosts.push_back(upstream_of(registry, hosts.empty() && registry == kHub ? "no mirror is set" : why));
    return hosts;
}

ExplainedConsumer explain_dockerd(const Scene& scene, const Reference& image) {
    ExplainedConsumer consumer{.name = "dockerd", .file = scene.daemon.path.str()};
    auto hosts = hosts_of_daemon_json(scene, image.registry);
    auto roots = docker_roots(scene);
    auto found = look_up(scene, roots, image.registry);
    if (!found.file.empty() && found.hosts.size() >= 2) {
        consumer.file = found.file;
        if (hosts.size() > 1) consumer.note = cat("outranks registry-mirrors of ", scene.daemon.path.str());
        hosts = found.hosts;
    } else if (!found.note.empty() && !found.file.empty()) {
        consumer.note = cat(found.file, ": ", found.note);
    }
    auto store = uses_containerd_store(scene);
    const auto* certs = scene.docker_certs();
    if (!store && certs != nullptr && certs->has_hosts())
        consumer.note = cat("whether it keeps images in containerd's store, and so reads ", certs->path.str(),
                            ", only the running dockerd can tell");
    bool containerd_store = store.value_or(false);
    auto proxies = proxies_of_docker(scene);
    for (const auto& host : hosts)
        consumer.hosts.push_back(explained(host, image, containerd_store ? Namespace::sent : Namespace::never,
                                           route(host, proxies)));
    return consumer;
}

// registry.mirrors of config.toml, what certs.d has replaced: endpoints without a path get "/v2", others are
// used as they stand (containerd internal/cri/server/images/image_pull.go, registryHosts).
std::vector<Endpoint> legacy_hosts(const Scene& scene, const std::string& registry) {
    std::vector<Endpoint> hosts;
    auto text = scene.fs.read(scene.node.containerd.config_file);
    auto tree = text ? text::toml_tree(*text) : Result<text::Tree>(Failure(text.error()));
    if (!tree) return hosts;
    for (const char* plugin : {"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"}) {
        const auto* mirrors = tree->find({"plugins", plugin, "registry", "mirrors"});
        const auto* own = mirrors == nullptr ? nullptr : mirrors->find({registry});
        if (mirrors != nullptr && own == nullptr) own = mirrors->find({"*"});
        const auto* list = own == nullptr ? nullptr : own->find({"endpoint"});
        if (list == nullptr) continue;
        for (const auto& item : list->items)
            if (auto url = parse_url(item.scalar))
                hosts.push_back({.root = url->path.empty() ? url->origin() + "/v2" : url->str(),
                                 .why = "registry.mirrors of config.toml"});
    }
    return hosts;
}

ExplainedConsumer explain_cri(const Scene& scene, const Reference& image) {
    ExplainedConsumer consumer{.name = "containerd CRI"};
    auto roots = cri_roots(scene, consumer.note);
    auto proxies = proxies_of_containerd(scene);
    Lookup found;
    if (!roots.empty()) {
        found = look_up(scene, roots, image.registry);
        consumer.note = found.note;
    } else if (!scene.config.unreadable) {
        found.hosts = legacy_hosts(scene, image.registry);
        if (!found.hosts.empty()) found.file = scene.node.containerd.config_file.str();
        found.hosts.push_back(
            upstream_of(image.registry, found.hosts.empty() ? consumer.note : "asked last"));
    }
    consumer.file = found.file;
    for (const auto& host : found.hosts)
        consumer.hosts.push_back(explained(host, image, Namespace::sent, route(host, proxies)));
    return consumer;
}

ExplainedConsumer explain_nerdctl(const Scene& scene, const Reference& image) {
    auto found = look_up(scene, nerdctl_roots(scene.fs), image.registry);
    ExplainedConsumer consumer{.name = "nerdctl", .file = found.file, .note = found.note};
    for (const auto& host : found.hosts)
        consumer.hosts.push_back(explained(host, image, Namespace::sent, kCallers));
    return consumer;
}

ExplainedConsumer explain_ctr(const Reference& image) {
    ExplainedConsumer consumer{.name = "ctr", .note = "reads no hosts.toml unless --hosts-dir is given"};
    consumer.hosts = {explained(upstream_of(image.registry, "always the registry itself"), image,
                                Namespace::sent, kCallers)};
    return consumer;
}

// util/resolver of BuildKit: HOST/PATH is asked as HOST/v2/PATH.
Endpoint builder_mirror(const std::string& mirror) {
    auto slash = std::min(mirror.find('/'), mirror.size());
    return {.root = cat("https://", mirror.substr(0, slash), "/v2", mirror.substr(slash)),
            .why = "mirrors of its buildkitd.toml"};
}

ExplainedConsumer explain_builder(const Builder& builder, const Reference& image) {
    ExplainedConsumer consumer{.name = "builder " + builder.name, .file = builder.file.str()};
    if (!builder.read) consumer.note = "its buildkitd.toml cannot be read";
    const char* via = "the builder's environment";
    if (image.registry == kHub)
        for (const auto& mirror : builder.mirrors)
            consumer.hosts.push_back(explained(builder_mirror(mirror), image, Namespace::sent, via));
    consumer.hosts.push_back(
        explained(upstream_of(image.registry, consumer.hosts.empty() ? "no mirror is set for it"
                                                                     : "the registry itself: asked last"),
                  image, Namespace::sent, via));
    return consumer;
}

}  // namespace

std::vector<ExplainedConsumer> explain(const Scene& scene, const Reference& image) {
    std::vector<ExplainedConsumer> all;
    const auto& node = scene.node;
    if (node.docker.installed) all.push_back(explain_dockerd(scene, image));
    for (const auto& builder : scene.builders) all.push_back(explain_builder(builder, image));
    if (node.containerd.installed && !is_cri_disabled(scene)) all.push_back(explain_cri(scene, image));
    if (has_program(scene.fs, "nerdctl")) all.push_back(explain_nerdctl(scene, image));
    if (has_program(scene.fs, "ctr")) all.push_back(explain_ctr(image));
    return all;
}

}  // namespace mirrorctl::doctor
