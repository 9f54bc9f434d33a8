#include "doctor/consumers.hpp"

#include "base/strings.hpp"
#include "doctor/checks.hpp"
#include "doctor/lookup.hpp"

#include <algorithm>

namespace mirrorctl::doctor {

namespace {

// The first thing that a check says about the scene, "" if it says nothing.
std::string said(const Scene& scene, void (*check)(const Scene&, Sink&)) {
    std::vector<Finding> findings;
    Sink sink("", Severity::note, findings);
    check(scene, sink);
    return findings.empty() ? "" : findings.front().message;
}

bool waits(const Scene& scene, const std::string& unit) {
    const auto& pending = scene.in.state.pending;
    return std::any_of(pending.begin(), pending.end(), [&](const Pending& p) { return p.unit == unit; });
}

// Registries for which the roots have a file that counts.
std::vector<std::string> served(const Scene& scene, const std::vector<TargetPath>& roots) {
    std::vector<std::string> names;
    for (const auto& root : roots) {
        const auto* certs = scene.certs_at(root);
        if (certs == nullptr) continue;
        for (const auto& dir : certs->registries)
            if (dir.text && dir.hosts.refusal == Refusal::none &&
                std::find(names.begin(), names.end(), dir.upstream) == names.end())
                names.push_back(dir.upstream);
    }
    return names;
}

std::string broken_file(const Scene& scene, const std::vector<TargetPath>& roots) {
    for (const auto& root : roots)
        if (const auto* certs = scene.certs_at(root))
            for (const auto& dir : certs->registries)
                if (dir.text && dir.hosts.refusal != Refusal::none)
                    return cat((dir.path / "hosts.toml").str(), " is ignored: ", dir.hosts.why);
    return "";
}

std::string mirrors_for(const std::vector<std::string>& registries) {
    return "mirrors for " + join(registries, ", ");
}

void judge_hosts(const Scene& scene, const std::vector<TargetPath>& roots, Consumer& consumer) {
    auto registries = served(scene, roots);
    auto broken = broken_file(scene, roots);
    if (registries.empty()) {
        consumer.live = "no";
        consumer.detail = broken.empty() ? "no hosts.toml there" : broken;
        return;
    }
    consumer.detail = mirrors_for(registries) + (broken.empty() ? "" : "; " + broken);
}

void judge_daemon_json(const Scene& scene, Consumer& dockerd) {
    const auto& docker = scene.node.docker;
    if (auto hidden = said(scene, mirrors_hidden); !hidden.empty()) {
        dockerd.live = "no";
        dockerd.detail = hidden;
    } else if (scene.daemon.unreadable) {
        dockerd.detail = docker.config_file.str() + " cannot be read as this user";
    } else if (scene.daemon.error) {
        dockerd.live = "no";
        dockerd.detail = docker.config_file.str() + " does not parse";
    } else if (auto stale = said(scene, mirrors_not_live); !stale.empty()) {
        dockerd.live = "pending";
        dockerd.detail = stale;
    } else if (scene.registry_mirrors.empty()) {
        dockerd.live = docker.live && !docker.live->mirrors.empty() ? "yes" : "no";
        dockerd.detail = "no registry-mirrors";
    } else {
        dockerd.live = docker.live ? "yes" : waits(scene, docker.unit.name) ? "pending" : "unknown";
        dockerd.detail = mirrors_for({"docker.io"});
    }
}

Consumer dockerd(const Scene& scene) {
    Consumer consumer{.name = "dockerd", .reads = {scene.daemon.path.str()}};
    judge_daemon_json(scene, consumer);
    auto roots = docker_roots(scene);
    for (const auto& root : roots) consumer.reads.push_back(root.str());
    auto registries = served(scene, roots);
    if (registries.empty()) return consumer;
    // hosts.toml is read at every pull.
    consumer.live = "yes";
    consumer.detail +=
        cat(consumer.detail.empty() ? "" : "; ", mirrors_for(registries), " in ", roots.front().str());
    return consumer;
}

Consumer cri(const Scene& scene) {
    const auto& containerd = scene.node.containerd;
    Consumer consumer{.name = "containerd CRI"};
    auto roots = cri_roots(scene, consumer.detail);
    if (roots.empty()) {
        if (!scene.config.unreadable) consumer.live = "no";
        return consumer;
    }
    for (const auto& root : roots) consumer.reads.push_back(root.str());
    judge_hosts(scene, roots, consumer);
    if (auto legacy = said(scene, config_path_legacy); !legacy.empty() || scene.in.live.cri_failed) {
        consumer.live = "no";
        consumer.detail = legacy.empty() ? "the CRI plugin failed to load" : legacy;
    }
    if (consumer.live == "no") return consumer;
    if (waits(scene, containerd.unit.name))
        consumer.live = "pending";
    else if (scene.node.live && containerd.unit.active)
        consumer.live = "yes";
    return consumer;
}

Consumer nerdctl(const Scene& scene) {
    Consumer consumer{.name = "nerdctl", .live = "yes"};
    auto roots = nerdctl_roots(scene.fs);
    for (const auto& root : roots) consumer.reads.push_back(root.str());
    judge_hosts(scene, roots, consumer);
    return consumer;
}

Consumer builder_of(const Builder& builder) {
    Consumer consumer{.name = builder.driver == "buildkitd" ? "buildkitd" : "builder " + builder.name,
                      .reads = {builder.file.str()}};
    if (!builder.read) {
        consumer.detail = "its buildkitd.toml cannot be read";
        return consumer;
    }
    consumer.live = builder.mirrors.empty() ? "no" : "yes";
    consumer.detail = builder.mirrors.empty() ? "a BuildKit of its own, without mirrors of docker.io"
                                              : mirrors_for({"docker.io"});
    return consumer;
}

}  // namespace

std::vector<Consumer> find_consumers(const Scene& scene) {
    std::vector<Consumer> all;
    const auto& node = scene.node;
    if (node.docker.installed) all.push_back(dockerd(scene));
    if (node.docker.installed &&
        (has_program(scene.fs, "docker-buildx") || has_program(scene.fs, "buildx"))) {
        auto buildx = all.front();
        buildx.name = "buildx";
        buildx.detail = "the builder of dockerd itself; " + buildx.detail;
        all.push_back(std::move(buildx));
    }
    for (const auto& builder : scene.builders) all.push_back(builder_of(builder));
    if (node.containerd.installed) all.push_back(cri(scene));
    if (has_program(scene.fs, "nerdctl")) all.push_back(nerdctl(scene));
    if (has_program(scene.fs, "ctr"))
        all.push_back({.name = "ctr", .live = "no", .detail = "reads nothing unless --hosts-dir is given"});
    return all;
}

}  // namespace mirrorctl::doctor
