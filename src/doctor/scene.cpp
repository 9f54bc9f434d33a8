#include "doctor/scene.hpp"

#include "base/strings.hpp"
#include "doctor/builders.hpp"
#include "doctor/homes.hpp"
#include "doctor/lookup.hpp"
#include "engines/units.hpp"
#include "targets/docker_files.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/version_rules.hpp"
#include "text/lines.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

constexpr std::array<std::string_view, 10> kProgramDirs = {"/usr/local/sbin",
                                                           "/usr/local/bin",
                                                           "/usr/sbin",
                                                           "/usr/bin",
                                                           "/sbin",
                                                           "/bin",
                                                           "/usr/libexec/docker/cli-plugins",
                                                           "/usr/lib/docker/cli-plugins",
                                                           "/usr/local/lib/docker/cli-plugins",
                                                           "/usr/local/libexec/docker/cli-plugins"};

// The same of the file behind a link.
std::uint32_t mode_of(const sys::FsReader& fs, const TargetPath& path) {
    auto real = fs.resolve(path);
    auto info = real ? fs.stat(*real) : fs.stat(path);
    return info ? info->meta.mode : 0;
}

// `user`: whose home it is in.
JsonFile read_json(const sys::FsReader& fs, const TargetPath& path, const User* user = nullptr) {
    JsonFile file{.path = path};
    auto text = user != nullptr && user->uid != 0 ? fs.read_of(path, user->uid) : fs.read(path);
    if (!text) {
        file.unreadable = text.error().code != ErrorCode::not_found;
        return file;
    }
    file.present = true;
    file.mode = mode_of(fs, path);
    file.text = std::move(*text);
    auto doc = text::JsonDoc::parse(file.text);
    if (doc)
        file.doc = std::move(*doc);
    else
        file.error = text::in_file(doc.error(), path.str());
    return file;
}

std::vector<std::string> mirrors_of(const JsonFile& daemon) {
    if (!daemon.doc) return {};
    auto list = daemon.doc->strings_at({targets::kRegistryMirrors});
    return list && *list ? **list : std::vector<std::string>{};
}

// What containerd does not start with, or what only this program does not understand.
ContainerdConfig broken_config(ContainerdConfig config, const Error& error) {
    if (error.code == ErrorCode::parse)
        config.error = error;
    else
        config.unreadable = true;
    return config;
}

ContainerdConfig read_config(const NodeFacts& node, const sys::FsReader& fs) {
    ContainerdConfig config;
    const auto& path = node.containerd.config_file;
    auto text = fs.read(path);
    if (!text) {
        config.unreadable = text.error().code != ErrorCode::not_found;
        return config;
    }
    config.present = true;
    auto main = targets::read_registry_config(*text);
    if (!main) return broken_config(std::move(config), text::in_file(main.error(), path.str()));
    config.main = std::move(*main);
    config.config_path = config.main->config_path.value_or("");
    config.where = path.str();
    auto imports = targets::read_imports(fs, path, *config.main);
    if (!imports) return broken_config(std::move(config), imports.error());
    config.imports = std::move(*imports);
    for (const auto& import : config.imports) {
        if (!import.config.config_path || import.config.config_path->empty()) continue;
        config.config_path = *import.config.config_path;
        config.where = import.path.str();
    }
    return config;
}

RegistryDir read_registry(const sys::FsReader& fs, const TargetPath& path,
                          const std::optional<Version>& version) {
    RegistryDir dir{.path = path,
                    .name = path.name(),
                    .upstream = targets::upstream_of_directory(path.name()),
                    .names = fs.list(path).value_or(std::vector<std::string>{})};
    auto file = path / "hosts.toml";
    if (auto text = fs.read(file)) {
        dir.mode = mode_of(fs, file);
        dir.hosts = read_hosts_file(*text, version);
        dir.text = std::move(*text);
    }
    return dir;
}

CertsDir read_certs(const sys::FsReader& fs, const TargetPath& path, bool of_docker,
                    const std::optional<Version>& version) {
    CertsDir certs{.path = path, .of_docker = of_docker};
    auto names = fs.list(path);
    certs.present = names.has_value();
    if (!names) return certs;
    for (const auto& name : *names)
        if (fs.list(path / name)) certs.registries.push_back(read_registry(fs, path / name, version));
    return certs;
}

std::vector<CertsDir> all_certs(const NodeFacts& node, const sys::FsReader& fs,
                                const ContainerdConfig& config) {
    std::vector<TargetPath> paths;
    auto add = [&](const TargetPath& path) {
        if (path.str().starts_with('/') && std::find(paths.begin(), paths.end(), path) == paths.end())
            paths.push_back(path);
    };
    for (const auto& part : split(config.config_path, ':')) add(TargetPath(part));
    add(TargetPath(kContainerdCerts));
    if (has_program(fs, "nerdctl"))
        for (const auto& path : nerdctl_roots(fs)) add(path);
    bool docker =
        node.docker.installed && targets::holds(targets::Rule::docker_hosts_toml, node.docker.version);
    if (docker) add(TargetPath(kDockerCerts));
    std::vector<CertsDir> all;
    for (const auto& path : paths) {
        // The Engines that read hosts.toml carry containerd 2's reader.
        bool of_docker = docker && path.str() == kDockerCerts;
        auto reader = of_docker ? std::optional(Version{.major = 2, .minor = 2}) : node.containerd.version;
        all.push_back(read_certs(fs, path, of_docker, reader));
    }
    return all;
}

UnitText read_unit_text(const sys::FsReader& fs, const TargetPath& path) {
    UnitText file{.path = path};
    auto text = fs.read(path);
    if (!text) return file;
    file.text = std::move(*text);
    auto doc = text::IniDoc::parse(file.text);
    if (doc)
        file.doc = std::move(*doc);
    else
        file.error = text::in_file(doc.error(), path.str());
    return file;
}

UnitFiles read_unit_files(const sys::FsReader& fs, const UnitFacts& facts) {
    UnitFiles files{.unit = facts.name, .facts = &facts};
    auto unit = engines::read_unit(fs, facts.name);
    if (!unit.exists) return files;
    files.files.push_back(read_unit_text(fs, unit.fragment));
    for (const auto& path : unit.drop_ins) files.files.push_back(read_unit_text(fs, path));
    files.environment_files = unit.environment_files;
    return files;
}

std::vector<JsonFile> read_clients(const NodeFacts& node, const sys::FsReader& fs) {
    std::vector<JsonFile> clients;
    for (const auto& user : homes_of(node)) {
        auto path = user.home / ".docker" / "config.json";
        if (is_plain_file_of(fs, path, user)) clients.push_back(read_json(fs, path, &user));
    }
    return clients;
}

std::vector<std::string> unreadable_files(const Scene& scene) {
    std::vector<std::string> paths;
    if (scene.daemon.unreadable) paths.push_back(scene.daemon.path.str());
    if (scene.config.unreadable) paths.push_back(scene.node.containerd.config_file.str());
    for (const auto& certs : scene.certs)
        for (const auto& dir : certs.registries)
            if (dir.is_unreadable()) paths.push_back((dir.path / "hosts.toml").str());
    return paths;
}

}  // namespace

bool file_exists(const sys::FsReader& fs, const TargetPath& path) {
    auto real = fs.resolve(path);
    return real && fs.stat(*real).has_value();
}

bool has_program(const sys::FsReader& fs, std::string_view name) {
    return std::any_of(kProgramDirs.begin(), kProgramDirs.end(), [&](std::string_view dir) {
        return file_exists(fs, TargetPath(cat(dir, "/", name)));
    });
}

bool RegistryDir::is_unreadable() const {
    return !text && std::find(names.begin(), names.end(), "hosts.toml") != names.end();
}

bool is_cri_disabled(const Scene& scene) {
    const auto& config = scene.config;
    return scene.node.containerd.cri_disabled || (config.main && config.main->cri_disabled) ||
           std::any_of(config.imports.begin(), config.imports.end(),
                       [](const targets::ImportedConfig& import) { return import.config.cri_disabled; });
}

bool CertsDir::has_hosts() const {
    return std::any_of(registries.begin(), registries.end(),
                       [](const RegistryDir& dir) { return dir.text.has_value(); });
}

const RegistryDir* CertsDir::find(const std::string& name) const {
    auto it = std::find_if(registries.begin(), registries.end(),
                           [&](const RegistryDir& dir) { return dir.name == name; });
    return it == registries.end() ? nullptr : &*it;
}

const CertsDir* Scene::docker_certs() const {
    const auto* found = certs_at(TargetPath(kDockerCerts));
    return found != nullptr && found->of_docker ? found : nullptr;
}

const CertsDir* Scene::certs_at(const TargetPath& path) const {
    auto it = std::find_if(certs.begin(), certs.end(), [&](const CertsDir& dir) { return dir.path == path; });
    return it == certs.end() ? nullptr : &*it;
}

std::optional<bool> uses_containerd_store(const Scene& scene) {
    const auto& docker = scene.node.docker;
    if (!docker.installed) return false;
    if (docker.live) return docker.live->containerd_store;
    if (docker.version && *docker.version < Version{.major = 24}) return false;
    if (scene.daemon.doc) {
        auto flag = scene.daemon.doc->bool_at({"features", "containerd-snapshotter"});
        if (flag && *flag) return **flag;
    }
    // Before 29 the graph drivers are what a daemon uses unless told otherwise (moby
    // daemon/image_store_choice.go).
    if (docker.version && *docker.version < Version{.major = 29}) return false;
    return std::nullopt;
}

Scene look(const Inputs& inputs) {
    const auto& node = inputs.node;
    const auto& fs = inputs.fs;
    Scene scene{.in = inputs, .node = node, .fs = fs};
    scene.daemon = read_json(fs, node.docker.config_file);
    scene.registry_mirrors = mirrors_of(scene.daemon);
    scene.config = read_config(node, fs);
    scene.certs = all_certs(node, fs, scene.config);
    if (node.docker.installed) scene.units.push_back(read_unit_files(fs, node.docker.unit));
    if (node.containerd.installed) scene.units.push_back(read_unit_files(fs, node.containerd.unit));
    scene.clients = read_clients(node, fs);
    scene.builders = find_builders(node, fs);
    scene.unreadable = unreadable_files(scene);
    return scene;
}

}  // namespace mirrorctl::doctor
