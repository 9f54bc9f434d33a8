#include "targets/config_toml.hpp"

#include "base/strings.hpp"
#include "targets/templates.hpp"
#include "targets/version_rules.hpp"
#include "text/quote.hpp"
#include "text/toml_doc.hpp"
#include "text/witness.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::targets {

namespace {

using text::Path;
using text::TomlDoc;

constexpr const char* kCriV1 = "cri";
constexpr const char* kCriV2 = "io.containerd.grpc.v1.cri";
constexpr const char* kImagesV3 = "io.containerd.cri.v1.images";
constexpr const char* kRuntimeV3 = "io.containerd.cri.v1.runtime";
constexpr std::array<const char*, 3> kRegistryPlugins{kCriV1, kCriV2, kImagesV3};
constexpr std::array<const char*, 4> kCriPlugins{kCriV1, kCriV2, kImagesV3, kRuntimeV3};

Result<std::int64_t> version_of(const TomlDoc& doc) {
    TRY_ASSIGN(auto version, doc.integer_at({"version"}));
    if (version && (*version < 1 || *version > 4))
        return Failure(Error{.code = ErrorCode::unsupported_layout,
                             .message = cat("config.toml: version ", *version, ": known are 1 to 4"),
                             .hint = "a newer mirrorctl may know this version"});
    return version.value_or(1);
}

Path registry_table(std::int64_t version) {
    return {"plugins", version <= 1 ? kCriV1 : version == 2 ? kCriV2 : kImagesV3, "registry"};
}

Path below(Path path, std::string key) {
    path.push_back(std::move(key));
    return path;
}

Result<Values> read_config_toml(std::string_view text) {
    TRY_ASSIGN(auto doc, TomlDoc::parse(text));
    TRY_ASSIGN(auto version, version_of(doc));
    TRY_ASSIGN(auto value, doc.string_at(below(registry_table(version), kConfigPath)));
    Values values;
    if (value) values[kConfigPath] = {std::move(*value)};
    return values;
}

Result<std::vector<Edit>> write_config_toml(std::string_view text, const Values& wanted) {
    TRY_ASSIGN(auto editor, text::TomlEditor::open(text));
    TRY_ASSIGN(auto version, version_of(editor.doc()));
    auto table = registry_table(version);
    auto value = wanted.find(kConfigPath);
    if (value != wanted.end() && value->second.size() == 1) {
        TRY(editor.apply(editor.doc().set_string(below(table, kConfigPath), value->second.front())));
        return editor.edits();
    }
    TRY(editor.apply(editor.doc().remove_key(below(table, kConfigPath))));
    return editor.edits();
}

Result<void> witness_config_toml(std::string_view before, std::string_view after) {
    TRY_ASSIGN(auto doc, TomlDoc::parse(before));
    TRY_ASSIGN(auto version, version_of(doc));
    return text::toml_same_except(before, after, {below(registry_table(version), kConfigPath)});
}

// config_path makes the CRI plugin fail beside a filled registry.mirrors, and beside registry.configs.*.tls
// (containerd internal/cri/config/config.go, ValidateImageConfig; pkg/cri/config/config.go in 1.x,
// ValidatePluginConfig).
void find_legacy(const TomlDoc& doc, const Path& registry, std::vector<std::string>& legacy) {
    for (const auto& host : doc.keys_of(below(registry, "mirrors")))
        legacy.push_back(cat("registry.mirrors.\"", printable_line(host, 80), "\""));
    auto configs = below(registry, "configs");
    for (const auto& host : doc.keys_of(configs))
        if (doc.has(below(below(configs, host), "tls")))
            legacy.push_back(cat("registry.configs.\"", printable_line(host, 80), "\".tls"));
}

bool names_cri(const std::string& plugin) {
    return std::any_of(kCriPlugins.begin(), kCriPlugins.end(),
                       [&](const char* name) { return plugin == name; });
}

}  // namespace

const Codec& config_toml_codec() {
    static const Codec kCodec{.name = "config.toml",
                              .read = read_config_toml,
                              .write = write_config_toml,
                              .witness = witness_config_toml};
    return kCodec;
}

Result<std::string> render_config_toml(const Values& values, const std::optional<Version>& version) {
    bool v3 = holds(Rule::config_v3, version);
    auto it = values.find(kConfigPath);
    std::string directory = it == values.end() || it->second.empty() ? "" : it->second.front();
    return render_template(
        "config.toml",
        {.strings = {{"config_path", directory}}, .lists = {{"v2", condition(!v3)}, {"v3", condition(v3)}}},
        text::quote_toml);
}

Result<RegistryConfig> read_registry_config(std::string_view text) {
    TRY_ASSIGN(auto doc, TomlDoc::parse(text));
    RegistryConfig config;
    TRY_ASSIGN(config.version, version_of(doc));
    TRY_ASSIGN(config.config_path, doc.string_at(below(registry_table(config.version), kConfigPath)));
    TRY_ASSIGN(auto disabled, doc.strings_at({"disabled_plugins"}));
    config.cri_disabled = disabled && std::any_of(disabled->begin(), disabled->end(), names_cri);
    TRY_ASSIGN(auto imports, doc.strings_at({"imports"}));
    if (imports) config.imports = std::move(*imports);
    for (const auto* plugin : kCriPlugins) config.has_cri_section |= doc.has({"plugins", plugin});
    for (const auto* plugin : kRegistryPlugins)
        find_legacy(doc, {"plugins", plugin, "registry"}, config.legacy);
    return config;
}

}  // namespace mirrorctl::targets
