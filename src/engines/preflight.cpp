#include "engines/preflight.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"
#include "engines/containerd.hpp"
#include "engines/flags.hpp"

namespace mirrorctl::engines {
namespace {

// The last line that says something.
std::string last_line(std::string_view text) {
    auto body = trim(text);
    auto at = body.rfind('\n');
    return printable_line(mask_secrets(at == std::string_view::npos ? body : body.substr(at + 1)), 500);
}

}  // namespace

Result<void> validate_docker(sys::Runner& runner, const DockerFacts& docker, const TargetPath& config_file) {
    if (!docker.version || *docker.version < Version{.major = 23} || docker.variant != "rootful" ||
        docker.dockerd.empty())
        return {};
    sys::Command command{.argv = {docker.dockerd, "--validate", cat("--config-file=", config_file.str())},
                         .timeout_seconds = 15};
    for (const auto& source : docker.flags) {
        auto name = flag_name(source.flag);
        if (source.where.starts_with("/proc/") || name == "config-file" || name == "validate") continue;
        command.argv.push_back(source.flag);
    }
    TRY_ASSIGN(auto finished, runner.run(command));
    if (finished.exit_status == 0 && !finished.timed_out) return {};
    auto said = finished.timed_out ? std::string("no answer") : last_line(finished.err);
    return Failure(
        Error{.code = ErrorCode::check_failed,
              .message = cat("dockerd does not accept its configuration: ", config_file.str(), ": ", said),
              .hint = cat("dockerd --validate --config-file ", config_file.str()),
              .cause = finished.exit_status});
}

Result<void> validate_containerd(sys::Runner& runner, const ContainerdFacts& containerd,
                                 const TargetPath& config_file) {
    if (containerd.binary.empty()) return {};
    TRY_ASSIGN(auto dump, dump_containerd_config(runner, containerd.binary, config_file));
    TRY_ASSIGN(auto config, parse_containerd_config(dump));
    if (config.config_path.empty() || config.legacy_mirrors.empty()) return {};
    return Failure(
        Error{.code = ErrorCode::conflict,
              .message = cat("containerd's CRI plugin would not load: ", config_file.str(),
                             ": config_path and registry.mirrors (",
                             printable_line(join(config.legacy_mirrors, ", ")), ") exclude each other"),
              .hint = "move these mirrors to hosts.toml files and remove the registry.mirrors tables"});
}

}  // namespace mirrorctl::engines
