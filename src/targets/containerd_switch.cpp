#include "targets/containerd_switch.hpp"

#include "base/strings.hpp"
#include "targets/config_imports.hpp"
#include "targets/config_toml.hpp"
#include "targets/docker_store.hpp"
#include "targets/our_files.hpp"
#include "targets/version_rules.hpp"
#include "text/lines.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

struct Configuration {
    std::optional<std::string> text;  // of the main file
    RegistryConfig main;
    std::vector<ImportedConfig> imports;
};

Result<Configuration> read_configuration(const NodeFacts& node, const sys::FsReader& fs) {
    const auto& path = node.containerd.config_file;
    Configuration configuration;
    TRY_ASSIGN(configuration.text, read_if_present(fs, path));
    if (!configuration.text) return configuration;
    auto main = read_registry_config(*configuration.text);
    if (!main) return Failure(text::in_file(main.error(), path.str()));
    configuration.main = std::move(*main);
    TRY_ASSIGN(configuration.imports, read_imports(fs, path, configuration.main));
    return configuration;
}

Failure conflict(std::string message, std::string hint) {
    return Failure(
        Error{.code = ErrorCode::conflict, .message = std::move(message), .hint = std::move(hint)});
}

Failure legacy_conflict(const std::string& where, const std::string& what) {
    return conflict(
        cat("cannot set config_path: ", where, ": with ", what, " beside it the CRI plugin does not load"),
        cat("move what it says into hosts.toml files below ", kCertsD, " and take it out of ", where,
            " (containerd docs/cri/registry.md, docs/hosts.md)"));
}

// containerd with config_path and a legacy table looks alive, but kubelet has lost its runtime.
Result<void> check_legacy(const Context& context, const Configuration& configuration) {
    const auto& containerd = context.node.containerd;
    if (!configuration.main.legacy.empty())
        return legacy_conflict(containerd.config_file.str(), configuration.main.legacy.front());
    for (const auto& import : configuration.imports)
        if (!import.config.legacy.empty())
            return legacy_conflict(import.path.str(), import.config.legacy.front());
    if (containerd.dump.empty()) return {};
    auto merged = read_registry_config(containerd.dump);
    if (merged && !merged->legacy.empty())
        return legacy_conflict("the merged configuration (containerd config dump)", merged->legacy.front());
    return {};
}

bool is_cri_disabled(const Context& context, const Configuration& configuration) {
    bool disabled = configuration.main.cri_disabled || context.node.containerd.cri_disabled;
    for (const auto& import : configuration.imports) disabled |= import.config.cri_disabled;
    return disabled;
}

// A directory that an administrator chose.
Result<TargetPath> users_directory(const std::string& value, const std::string& where) {
    std::string path(value);
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (path == kDockerCertsD)
        return conflict(cat("cannot use the config_path of containerd: ", where, ": ", path,
                            " is dockerd's own directory, whose files docker-hosts writes"),
                        cat("set config_path to ", kCertsD));
    if (path.starts_with("/etc/") && path.find("/../") == std::string::npos && !path.ends_with("/.."))
        return TargetPath(path);
    return conflict(cat("cannot use the config_path of containerd: ", where, ": ", printable_line(value),
                        " is not below /etc"),
                    cat("set config_path to ", kCertsD, ", or write hosts.toml files there by hand"));
}

// "a:b": containerd before 2.1 asks the first directory that has the host or `_default`, later ones take the
// text for one directory.
Result<TargetPath> directory_of_list(const Context& context, const std::string& value,
                                     const std::string& where, std::vector<Warning>& warnings) {
    if (holds(Rule::single_dir_transfer, context.node.containerd.version))
        return conflict(
            cat("cannot use the config_path of containerd: ", where, ": ", printable_line(value),
                " is a list, which containerd from 2.1 on takes for one directory, so that no mirror is ever "
                "read"),
            cat("set config_path to one directory, for example ", kCertsD, " (containerd#12415)"));
    auto parts = split(value, ':');
    bool usual = std::find(parts.begin(), parts.end(), kCertsD) != parts.end();
    TRY_ASSIGN(auto directory, users_directory(usual ? kCertsD : parts.front(), where));
    if (parts.front() != directory.str())
        warnings.push_back({.code = "directory_hidden",
                            .message = cat("hosts that ", printable_line(parts.front()),
                                           " has (or its _default) hide those in ", directory.str()),
                            .hint = cat("set config_path to ", directory.str(), " alone")});
    return directory;
}

Result<TargetPath> directory_of(const Context& context, const std::string& value, const std::string& where,
                                std::vector<Warning>& warnings) {
    if (value.find(':') != std::string::npos) return directory_of_list(context, value, where, warnings);
    return users_directory(value, where);
}

const ImportedConfig* last_that_sets_path(const Configuration& configuration) {
    const ImportedConfig* found = nullptr;
    for (const auto& import : configuration.imports)
        if (import.config.config_path && !import.config.config_path->empty()) found = &import;
    return found;
}

// Imported files are merged over the main file; before containerd 2.0 a plugin section in them replaces the
// main file's whole.
Result<void> check_imports(const Context& context, const Configuration& configuration,
                           std::vector<Warning>& warnings) {
    const auto& containerd = context.node.containerd;
    for (const auto& import : configuration.imports) {
        if (import.config.has_cri_section && !holds(Rule::imports_merge_deep, containerd.version))
            return conflict(cat("cannot set config_path: ", containerd.config_file.str(),
                                ": the imported file ", import.path.str(),
                                " has a section of the CRI plugin, which replaces that of the main file in "
                                "containerd before 2.0"),
                            cat("set config_path = \"", kCertsD, "\" in ", import.path.str(),
                                ", then run mirrorctl apply again"));
        if (import.config.version != configuration.main.version && import.config.has_cri_section &&
            !holds(Rule::imports_migrate_alone, containerd.version))
            warnings.push_back(
                {.code = "import_version",
                 .message = cat(import.path.str(), " has version ", import.config.version, ", ",
                                containerd.config_file.str(), " has ", configuration.main.version,
                                ": containerd before 2.3 then ignores one of them"),
                 .hint = "give both the same version (containerd config migrate)"});
    }
    return {};
}

FileIntent config_intent(const Context& context, Values wanted, std::string skeleton) {
    const auto& containerd = context.node.containerd;
    FileIntent intent{.path = containerd.config_file,
                      .codec = &config_toml_codec(),
                      .wanted = std::move(wanted),
                      .skeleton = std::move(skeleton)};
    auto text = context.fs.read(containerd.config_file);
    intent.secret = text && may_hold_secrets(*text);
    bool keeps = containerd.unit.kill_mode == "process";
    intent.on_change = {
        {.unit = containerd.unit.name.empty() ? "containerd.service" : containerd.unit.name,
         .kind = ActivationKind::restart,
         .reason = cat("config_path changed, and containerd reads config.toml only when it starts",
                       keeps ? " (KillMode=process: containers keep running)" : "")}};
    Check path{.subject = "containerd.config_path", .expected = {}};
    if (auto it = intent.wanted.find(kConfigPath); it != intent.wanted.end()) path.expected = it->second;
    intent.checks = {path, {.subject = "containerd.cri", .expected = {}}};
    return intent;
}

Result<void> set_path(const Context& context, ContainerdSwitch& plan) {
    Values wanted{{kConfigPath, {plan.certs_d.str()}}};
    TRY_ASSIGN(auto skeleton, render_config_toml(wanted, context.node.containerd.version));
    plan.config = config_intent(context, std::move(wanted), std::move(skeleton));
    return {};
}

Result<void> take_out_ours(const Context& context, ContainerdSwitch& plan) {
    if (find_owned(context.owned, context.node.containerd.config_file) == nullptr) return {};
    TRY_ASSIGN(auto skeleton,
               render_config_toml({{kConfigPath, {kCertsD}}}, context.node.containerd.version));
    plan.config = config_intent(context, {}, std::move(skeleton));
    return {};
}

// Debian ships config.toml as a conffile: a file made before the package would stop dpkg with a question.
void wait_for_containerd(const Context& context, ContainerdSwitch& plan) {
    plan.pending = Pending{.unit = "containerd.service",
                           .kind = ActivationKind::restart,
                           .reason = cat("config_path is set in ", context.node.containerd.config_file.str(),
                                         " once containerd is installed: run mirrorctl apply again then")};
}

void warn_no_reader(const Context& context, std::vector<Warning>& warnings) {
    warnings.push_back({.code = "no_reader",
                        .message = cat("the CRI plugin of containerd is disabled in ",
                                       context.node.containerd.config_file.str(),
                                       ": of the engines only nerdctl reads ", kCertsD),
                        .hint = cat("take \"cri\" out of disabled_plugins if this node shall run Kubernetes, "
                                    "then run mirrorctl apply "
                                    "--target containerd-hosts")});
}

}  // namespace

Result<ContainerdSwitch> plan_switch(const Context& context, bool wanted) {
    ContainerdSwitch plan;
    const auto& containerd = context.node.containerd;
    TRY_ASSIGN(auto configuration, read_configuration(context.node, context.fs));
    if (!wanted) {
        plan.certs_d = certs_directory(context.node, context.fs);
        TRY(take_out_ours(context, plan));
        return plan;
    }
    if (!configuration.text && !containerd.installed) {
        wait_for_containerd(context, plan);
        return plan;
    }
    TRY(check_legacy(context, configuration));
    if (is_cri_disabled(context, configuration)) {
        plan.has_reader = false;
        warn_no_reader(context, plan.warnings);
        return plan;
    }
    if (const auto* import = last_that_sets_path(configuration)) {
        TRY_ASSIGN(plan.certs_d,
                   directory_of(context, *import->config.config_path, import->path.str(), plan.warnings));
        return plan;
    }
    auto current = configuration.main.config_path.value_or("");
    if (!current.empty() && !owns(context.owned, containerd.config_file, kConfigPath, current)) {
        TRY_ASSIGN(plan.certs_d, directory_of(context, current, containerd.config_file.str(), plan.warnings));
        TRY(check_imports(context, configuration, plan.warnings));
        return plan;
    }
    TRY(check_imports(context, configuration, plan.warnings));
    TRY(set_path(context, plan));
    return plan;
}

TargetPath certs_directory(const NodeFacts& node, const sys::FsReader& fs) {
    auto configuration = read_configuration(node, fs);
    if (!configuration) return TargetPath(kCertsD);
    auto value = configuration->main.config_path.value_or("");
    if (const auto* import = last_that_sets_path(*configuration)) value = *import->config.config_path;
    if (value.find(':') != std::string::npos) return TargetPath(kCertsD);
    auto directory = users_directory(value, "");
    return directory ? *directory : TargetPath(kCertsD);
}

}  // namespace mirrorctl::targets
