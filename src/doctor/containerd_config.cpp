// config.toml of containerd and what it imports: is there a CRI plugin, and does it read certs.d?
#include "base/strings.hpp"
#include "doctor/checks.hpp"
#include "targets/version_rules.hpp"
#include "text/tree.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::doctor {

namespace {

using targets::Rule;

constexpr const char* kCerts = "/etc/containerd/certs.d";
constexpr const char* kConfD = "/etc/containerd/conf.d";

const ContainerdFacts& containerd(const Scene& scene) {
    return scene.node.containerd;
}

std::string edit(const std::string& file) {
    return "sudoedit " + file + " && sudo systemctl restart containerd";
}

bool has_cri(const Scene& scene) {
    return containerd(scene).installed && !scene.config.error && !scene.config.unreadable &&
           !is_cri_disabled(scene);
}

bool has_hosts_files(const Scene& scene) {
    return std::any_of(scene.certs.begin(), scene.certs.end(),
                       [](const CertsDir& dir) { return !dir.of_docker && dir.has_hosts(); });
}

// What `containerd config default` of 2.2 and later prints: as good as unset while there is nothing to read.
bool is_idle_default(const Scene& scene) {
    return scene.config.config_path == "/etc/containerd/certs.d:/etc/docker/certs.d" &&
           !has_hosts_files(scene);
}

const targets::ImportedConfig* import_with_cri(const Scene& scene) {
    for (const auto& import : scene.config.imports)
        if (import.config.has_cri_section) return &import;
    return nullptr;
}

}  // namespace

void containerd_config_invalid(const Scene& scene, Sink& sink) {
    if (!containerd(scene).installed || !scene.config.error) return;
    sink.add(scene.config.error->location ? scene.config.error->location->file
                                          : containerd(scene).config_file.str(),
             cat("containerd does not start with this file: ", to_string(*scene.config.error)),
             cat("containerd --config ", containerd(scene).config_file.str(), " config dump"));
}

void containerd_config_version(const Scene& scene, Sink& sink) {
    const auto& version = containerd(scene).version;
    if (!version || !scene.config.main) return;
    auto needs = scene.config.main->version;
    bool fits = needs <= 2 || (needs == 3 ? targets::holds(Rule::config_v3, version)
                                          : targets::holds(Rule::config_v4, version));
    if (!fits)
        sink.add(containerd(scene).config_file.str(),
                 cat("version ", needs, " needs containerd ", needs == 3 ? "2.0" : "2.3", ", containerd ",
                     version->text, " does not start with it"),
                 edit(containerd(scene).config_file.str()));
}

void config_path_unset(const Scene& scene, Sink& sink) {
    if (!has_cri(scene) || !scene.config.config_path.empty() || !has_hosts_files(scene)) return;
    bool by_default = targets::holds(Rule::default_config_path, containerd(scene).version);
    sink.add(containerd(scene).config_file.str(),
             cat("config_path is not set, so the CRI plugin reads no hosts.toml below ", kCerts,
                 by_default ? " (containerd's own default is a list, which it takes for one directory)" : ""),
             "sudo mirrorctl apply --target containerd-hosts");
}

void config_path_legacy(const Scene& scene, Sink& sink) {
    if (!scene.config.main || scene.config.config_path.empty()) return;
    auto report = [&](const std::string& file, const std::vector<std::string>& legacy) {
        if (legacy.empty()) return;
        sink.add(
            file,
            cat(legacy.front(), " beside config_path: the CRI plugin does not load, though containerd runs"),
            cat("move it into hosts.toml files below ", scene.config.config_path, ", then ", edit(file)));
    };
    report(containerd(scene).config_file.str(), scene.config.main->legacy);
    for (const auto& import : scene.config.imports) report(import.path.str(), import.config.legacy);
}

void config_path_list(const Scene& scene, Sink& sink) {
    const auto& version = containerd(scene).version;
    if (scene.config.config_path.find(':') == std::string::npos || is_idle_default(scene)) return;
    if (!version || !targets::holds(Rule::single_dir_transfer, version)) return;
    sink.add(
        scene.config.where,
        cat("config_path = \"", printable_line(scene.config.config_path), "\" is a list, which containerd ",
            version->text, " takes for one directory: no mirror is ever read"),
        cat("set config_path = \"", kCerts, "\": ", edit(scene.config.where)));
}

void config_path_missing(const Scene& scene, Sink& sink) {
    if (is_idle_default(scene)) return;
    for (const auto& part : split(scene.config.config_path, ':')) {
        if (part.empty() || file_exists(scene.fs, TargetPath(part))) continue;
        sink.add(scene.config.where,
                 cat("config_path names a directory that does not exist: ", printable_line(part)),
                 cat("sudo mkdir -p ", printable_line(part), " && sudo mirrorctl apply"));
    }
}

// The table that this version of the file does not look at.
void config_path_table(const Scene& scene, Sink& sink) {
    if (!scene.config.main) return;
    auto text = scene.fs.read(containerd(scene).config_file);
    auto tree = text ? text::toml_tree(*text) : Result<text::Tree>(Failure(text.error()));
    if (!tree) return;
    constexpr std::array<const char*, 3> kPlugins{"cri", "io.containerd.grpc.v1.cri",
                                                  "io.containerd.cri.v1.images"};
    auto version = std::min<std::int64_t>(scene.config.main->version, 3);
    const auto* right = kPlugins.at(static_cast<std::size_t>(version - 1));
    for (const auto* plugin : kPlugins) {
        const auto* value = tree->find({"plugins", plugin, "registry", "config_path"});
        if (plugin == right || value == nullptr || value->scalar.empty()) continue;
        sink.add(
            containerd(scene).config_file.str(),
            cat("config_path stands in plugins.\"", plugin, "\", but version ", scene.config.main->version,
                " of the file has it in plugins.\"", right, "\".registry: it is not read"),
            edit(containerd(scene).config_file.str()));
    }
}

void cri_is_disabled(const Scene& scene, Sink& sink) {
    if (!containerd(scene).installed || !is_cri_disabled(scene) || !has_hosts_files(scene)) return;
    if (has_program(scene.fs, "nerdctl")) return;
    sink.add(containerd(scene).config_file.str(),
             cat("the CRI plugin is disabled (disabled_plugins), so nothing here reads the hosts.toml files "
                 "below ",
                 kCerts),
             cat("Kubernetes needs the plugin: ", edit(containerd(scene).config_file.str())));
}

void import_replaces_cri(const Scene& scene, Sink& sink) {
    const auto* import = import_with_cri(scene);
    const auto& version = containerd(scene).version;
    if (import == nullptr || !scene.config.main->has_cri_section) return;
    if (!version || targets::holds(Rule::imports_merge_deep, version)) return;
    sink.add(import->path.str(),
             cat("its section of the CRI plugin replaces that of ", containerd(scene).config_file.str(),
                 " as a whole in containerd ", version->text, ": runtimes and registries set there are lost"),
             cat("move it into ", containerd(scene).config_file.str(),
                 ", then sudo systemctl restart containerd"));
}

void import_version(const Scene& scene, Sink& sink) {
    const auto& version = containerd(scene).version;
    if (!scene.config.main || !version || !targets::holds(Rule::imports_merge_deep, version) ||
        targets::holds(Rule::imports_migrate_alone, version))
        return;
    for (const auto& import : scene.config.imports)
        if (import.config.version != scene.config.main->version)
            sink.add(
                import.path.str(),
                cat("has version ", import.config.version, ", ", containerd(scene).config_file.str(), " has ",
                    scene.config.main->version, ": containerd ", version->text, " then ignores one of them"),
                "containerd config migrate   # give both the same version");
}

void conf_d_not_imported(const Scene& scene, Sink& sink) {
    if (!containerd(scene).installed || scene.config.error || scene.config.unreadable) return;
    auto names = scene.fs.list(TargetPath(kConfD));
    if (!names) return;
    for (const auto& name : *names) {
        auto path = TargetPath(kConfD) / name;
        bool read = std::any_of(scene.config.imports.begin(), scene.config.imports.end(),
                                [&](const targets::ImportedConfig& import) { return import.path == path; });
        if (read || !name.ends_with(".toml")) continue;
        sink.add(path.str(),
                 cat("is never read: ", containerd(scene).config_file.str(),
                     scene.config.present ? " does not import it"
                                          : " does not exist, and only imports there count"),
                 cat("imports = [\"", kConfD,
                     "/*.toml\"] at the top: ", edit(containerd(scene).config_file.str())));
    }
}

void cri_not_loaded(const Scene& scene, Sink& sink) {
    if (!scene.in.live.cri_failed) return;
    sink.add(containerd(scene).unit.name,
             cat("containerd runs, but its CRI plugin failed to load: ", scene.in.live.cri_detail),
             "sudo ctr plugins ls -d id==cri; journalctl -u containerd");
}

void k3s_ignores_certs_d(const Scene& scene, Sink& sink) {
    if (!containerd(scene).managed_by_k3s || containerd(scene).installed || !has_hosts_files(scene)) return;
    sink.add(
        kCerts, "k3s and rke2 make their own certs.d and do not read this one",
        "put the mirrors into /etc/rancher/k3s/registries.yaml (rke2: /etc/rancher/rke2/registries.yaml) and "
        "restart it");
}

// What stands there is made anew at every start; generated files say so in their first lines.
void k3s_overwrites(const Scene& scene, Sink& sink) {
    for (const char* name : {"k3s", "rke2"}) {
        TargetPath certs(cat("/var/lib/rancher/", name, "/agent/etc/containerd/certs.d"));
        auto names = scene.fs.list(certs);
        if (!names) continue;
        for (const auto& host : *names) {
            auto path = certs / host / "hosts.toml";
            auto text = scene.fs.read(path);
            if (!text || lower(text->substr(0, 400)).find("do not edit") != std::string::npos) continue;
            sink.add(path.str(), cat("written by hand, and ", name, " makes this tree anew when it starts"),
                     cat("put it into /etc/rancher/", name, "/registries.yaml"));
        }
    }
}

void spegel_backup(const Scene& scene, Sink& sink) {
    for (const auto& certs : scene.certs)
        if (certs.find("_backup") != nullptr)
            sink.add((certs.path / "_backup").str(),
                     "Spegel was here: whenever it starts it removes every other directory beside this one",
                     "give Spegel the mirrors (its option for resolving and prepending existing ones), or "
                     "stop it");
}

}  // namespace mirrorctl::doctor
