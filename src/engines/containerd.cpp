#include "engines/containerd.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "text/tree.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::engines {
namespace {

constexpr std::array<std::string_view, 4> kCriPlugins = {
    "cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"};

text::Path registry_table(int version) {
    if (version <= 1) return {"plugins", "cri", "registry"};
    if (version == 2) return {"plugins", "io.containerd.grpc.v1.cri", "registry"};
    return {"plugins", "io.containerd.cri.v1.images", "registry"};
}

text::Path below(text::Path path, std::string_view key) {
    path.emplace_back(key);
    return path;
}

// Columns of a line of `ctr plugins ls`.
std::vector<std::string> columns(std::string_view line) {
    std::vector<std::string> out;
    for (auto& part : split(line, ' '))
        if (!trim(part).empty()) out.emplace_back(trim(part));
    return out;
}

bool serves_cri(const std::string& type, const std::string& id) {
    return (type == "io.containerd.grpc.v1" && id == "cri") || type == "io.containerd.cri.v1";
}

}  // namespace

Result<ContainerdConfig> parse_containerd_config(std::string_view toml) {
    TRY_ASSIGN(auto tree, text::toml_tree(toml));
    ContainerdConfig config;
    if (const auto* version = tree.find({"version"}); version && version->kind == text::TreeKind::integer)
        config.version =
            static_cast<int>(std::clamp<std::int64_t>(parse_integer(version->scalar).value_or(1), 1, 99));
    auto registry = registry_table(config.version);
    if (const auto* path = tree.find(below(registry, "config_path"));
        path && path->kind == text::TreeKind::string)
        config.config_path = path->scalar;
    if (const auto* mirrors = tree.find(below(registry, "mirrors")))
        for (const auto& [name, table] : mirrors->members) config.legacy_mirrors.push_back(name);
    if (const auto* disabled = tree.find({"disabled_plugins"}))
        config.cri_disabled =
            std::any_of(disabled->items.begin(), disabled->items.end(), [](const text::Tree& item) {
                return std::find(kCriPlugins.begin(), kCriPlugins.end(), item.scalar) != kCriPlugins.end();
            });
    return config;
}

Result<std::string> dump_containerd_config(sys::Runner& runner, const std::string& binary,
                                           const TargetPath& config_file) {
    sys::Command command{.argv = {binary.empty() ? "containerd" : binary}, .timeout_seconds = 10};
    if (!config_file.empty()) command.argv.insert(command.argv.end(), {"--config", config_file.str()});
    command.argv.insert(command.argv.end(), {"config", "dump"});
    TRY_ASSIGN(auto finished, runner.run(command));
    if (finished.exit_status == 0 && !finished.timed_out) return finished.out;
    auto said =
        finished.timed_out ? std::string("no answer") : printable_line(mask_secrets(trim(finished.err)), 400);
    return Failure(
        Error{.code = ErrorCode::check_failed,
              .message = cat("containerd does not accept its configuration: ", config_file.str(), ": ", said),
              .hint = cat("containerd --config ", config_file.str(), " config dump"),
              .cause = finished.exit_status});
}

CriReport parse_plugin_list(std::string_view output) {
    CriReport report{.state = CriState::absent, .detail = "containerd lists no CRI plugin"};
    for (const auto& line : split(output, '\n')) {
        auto words = columns(line);
        if (words.size() < 3 || !serves_cri(words[0], words[1])) continue;
        const auto& status = words.back();
        if (status == "skip") continue;
        if (status != "ok") return {CriState::failed, printable_line(join(words, " "))};
        report = {CriState::loaded, printable_line(join(words, " "))};
    }
    return report;
}

CriReport ask_cri(sys::Runner& runner) {
    auto listed = runner.run({.argv = {"ctr", "plugins", "ls"}, .timeout_seconds = 5});
    if (listed && listed->exit_status == 0) return parse_plugin_list(listed->out);
    if (listed) return {CriState::unknown, printable_line(trim(listed->err))};
    // No ctr: crictl speaks to the CRI socket itself, so an answer is proof.
    auto info = runner.run(
        {.argv = {"crictl", "--runtime-endpoint", "unix:///run/containerd/containerd.sock", "info"},
         .timeout_seconds = 5});
    if (info && info->exit_status == 0) return {CriState::loaded, "crictl info answers"};
    return {CriState::unknown,
            info ? printable_line(trim(info->err)) : "neither ctr nor crictl is installed"};
}

std::string_view name_of(CriState state) {
    switch (state) {
        case CriState::loaded:
            return "loaded";
        case CriState::failed:
            return "failed";
        case CriState::absent:
            return "absent";
        case CriState::unknown:
            break;
    }
    return "unknown";
}

}  // namespace mirrorctl::engines
