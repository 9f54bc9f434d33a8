// docker-daemon: `registry-mirrors` in daemon.json. Docker Hub only, and every mirror in it also resolves
// tags.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/docker_files.hpp"
#include "targets/entries.hpp"
#include "targets/mirror_choice.hpp"
#include "targets/our_files.hpp"
#include "targets/version_rules.hpp"
#include "text/json_doc.hpp"
#include "text/lines.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

constexpr const char* kHub = "docker.io";

Detection detect(const NodeFacts& node) {
    if (!node.docker.installed) return {.reason = "no dockerd found"};
    return {
        .detected = true,
        .reason = cat("dockerd ", node.docker.version ? node.docker.version->text : "of unknown version")};
}

bool serves(const NodeFacts&, std::string_view upstream) {
    return upstream == kHub;
}

// dockerd does not start when a key stands in daemon.json and on its command line, even with equal values
// (moby daemon/config/config.go, findConfigurationConflicts).
Result<void> check_flags(const DockerFacts& docker) {
    for (const auto& flag : docker.flags) {
        if (trim(flag.flag).substr(0, flag.flag.find_first_of("= ")) != "--registry-mirror") continue;
        return Failure(
            Error{.code = ErrorCode::conflict,
                  .message = cat("cannot set registry-mirrors: ", docker.config_file.str(),
                                 ": dockerd also gets ", printable_line(mask_secrets(flag.flag)), " from ",
                                 printable_line(flag.where), " and refuses to start with both"),
                  .hint = cat("take the flag out of ", printable_line(flag.where),
                              ", then run mirrorctl apply again")});
    }
    return {};
}

std::string unit_of(const DockerFacts& docker) {
    return docker.unit.name.empty() ? "docker.service" : docker.unit.name;
}

Activation activation(const DockerFacts& docker) {
    auto shown = docker.version ? docker.version->text : "this version";
    if (!holds(Rule::mirror_reload, docker.version))
        return {.unit = unit_of(docker),
                .kind = ActivationKind::restart,
                .reason = cat("dockerd ", shown, " does not reload registry-mirrors")};
    if (holds(Rule::reload_is_broken, docker.version))
        return {.unit = unit_of(docker),
                .kind = ActivationKind::restart,
                .reason = cat("a reload of dockerd ", shown, " loses insecure-registries (moby#45552)")};
    return {.unit = unit_of(docker), .kind = ActivationKind::reload, .reason = "registry-mirrors changed"};
}

// The user's own spelling of a mirror stays, so that "https://m/" and "https://m" do not both stand there.
std::string spelled_as_user(const std::string& url, const Values& current) {
    if (auto it = current.find(kRegistryMirrors); it != current.end())
        for (const auto& known : it->second)
            if (same_mirror(known, url)) return known;
    return url;
}

// With the containerd image store, hosts.toml files of dockerd itself outrank daemon.json (moby
// daemon/hosts.go, mergeLegacyConfig).
void warn_hidden(const Context& context, std::vector<Warning>& warnings) {
    const auto& docker = context.node.docker;
    bool containerd_store = docker.live && docker.live->containerd_store;
    if (!containerd_store || !holds(Rule::docker_hosts_toml, docker.version)) return;
    for (const auto* path :
         {"/etc/docker/certs.d/docker.io/hosts.toml", "/etc/docker/certs.d/_default/hosts.toml"}) {
        if (!exists(context.fs, TargetPath(path))) continue;
        warnings.push_back(
            {.code = "mirrors_hidden",
             .message = cat("registry-mirrors may have no effect: ", path, " outranks it in this dockerd"),
             .hint = cat("move ", path, " away, or put the mirrors there")});
        return;
    }
}

// F26 of the known failures: people expect registry-mirrors to serve other registries too.
void warn_other_upstreams(const Context& context, std::vector<Warning>& warnings) {
    std::vector<std::string> others;
    for (const auto& upstream : context.desired.upstreams)
        if (upstream.name != kHub && !upstream.mirrors.empty())
            others.push_back(printable_line(upstream.name, 80));
    if (others.empty()) return;
    bool hosts = !context.node.docker.version || holds(Rule::docker_hosts_toml, context.node.docker.version);
    warnings.push_back(
        {.code = "upstream_not_served",
         .message = cat("docker pulls these directly, daemon.json has mirrors for docker.io only: ",
                        join(others, ", ")),
         .hint = cat(hosts ? "" : "from Engine 28 on: ",
                     "switch docker to the containerd image store and use /etc/docker/certs.d/",
                     others.front(), "/hosts.toml, or write the mirror into the image name")});
}

struct DaemonJson {
    std::optional<std::string> text;
    Values current;
};

Result<DaemonJson> read_daemon_json(const Context& context) {
    DaemonJson file;
    const auto& path = context.node.docker.config_file;
    TRY_ASSIGN(file.text, read_if_present(context.fs, path));
    TRY_ASSIGN(file.current, read_values(daemon_json_codec(), file.text, path));
    return file;
}

Result<Values> mirrors_afterwards(const Context& context, const DaemonJson& file, const Values& wanted) {
    const auto* owned = find_owned(context.owned, context.node.docker.config_file);
    Values base;
    if (owned != nullptr && owned->base.present) {
        TRY_ASSIGN(base, daemon_json_codec().read(owned->base.bytes));
    }
    return compose(daemon_json_codec(), file.current, owned == nullptr ? Values{} : owned->values, wanted,
                   base);
}

void warn_singular_key(const DaemonJson& file, std::vector<Warning>& warnings) {
    if (!file.text) return;
    auto doc = text::JsonDoc::parse(*file.text);
    if (!doc || !doc->has({"registry-mirror"})) return;
    warnings.push_back(
        {.code = "unknown_key",
         .message =
             "daemon.json has the key \"registry-mirror\", which dockerd does not know: it will not start",
         .hint = "its name is \"registry-mirrors\""});
}

Result<Proposal> propose(const Context& context) {
    const auto& docker = context.node.docker;
    Proposal proposal;
    if (std::find(context.desired.untouched.begin(), context.desired.untouched.end(), kHub) !=
        context.desired.untouched.end()) {
        proposal.leave.push_back(docker.config_file);
        return proposal;
    }
    TRY_ASSIGN(auto file, read_daemon_json(context));
    Values wanted;
    for (const auto& upstream : context.desired.upstreams) {
        if (upstream.name != kHub) continue;
        auto choice = choose_mirrors(upstream, context.desired.keep, spell_for_docker, docker.version, true);
        proposal.warnings = std::move(choice.warnings);
        for (const auto& mirror : choice.mirrors)
            wanted[kRegistryMirrors].push_back(spelled_as_user(mirror.url, file.current));
    }
    if (!wanted.empty()) {
        TRY(check_flags(docker));
        warn_hidden(context, proposal.warnings);
    }
    warn_singular_key(file, proposal.warnings);
    warn_other_upstreams(context, proposal.warnings);
    TRY_ASSIGN(auto skeleton, render_daemon_json(wanted));
    TRY_ASSIGN(auto afterwards, mirrors_afterwards(context, file, wanted));
    proposal.files.push_back(
        {.path = docker.config_file,
         .codec = &daemon_json_codec(),
         .wanted = std::move(wanted),
         .skeleton = std::move(skeleton),
         .secret = file.text && mask_secrets(*file.text) != *file.text,
         .interim_when_removed = Values{{kRegistryMirrors, {}}},
         .on_change = {activation(docker)},
         .checks = {{.subject = "docker.mirrors", .expected = afterwards[kRegistryMirrors]}}});
    return proposal;
}

const Codec* codec_for(const NodeFacts& node, const TargetPath& path) {
    return path == node.docker.config_file ? &daemon_json_codec() : nullptr;
}

std::vector<TargetPath> survey(const NodeFacts& node, const sys::FsReader& fs) {
    if (!exists(fs, node.docker.config_file)) return {};
    return {node.docker.config_file};
}

std::vector<Check> live_checks(const NodeFacts&, const TargetPath&, const Values& now) {
    auto it = now.find(kRegistryMirrors);
    return {
        {.subject = "docker.mirrors", .expected = it == now.end() ? std::vector<std::string>{} : it->second}};
}

}  // namespace

const Target& docker_daemon() {
    static const Target kTarget{.name = "docker-daemon",
                                .summary = "registry-mirrors in daemon.json (docker.io only)",
                                .engine = "docker",
                                .purpose = Purpose::mirrors,
                                .docs = "docs.docker.com/reference/cli/dockerd; Engine 17.03 to 29",
                                .detect = detect,
                                .serves = serves,
                                .propose = propose,
                                .codec_for = codec_for,
                                .upstream_of = [](const TargetPath&) { return std::string(kHub); },
                                .survey = survey,
                                .live_checks = live_checks,
                                .is_marked = [](std::string_view) { return false; }};
    return kTarget;
}

}  // namespace mirrorctl::targets
