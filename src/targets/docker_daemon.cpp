// docker-daemon: `registry-mirrors` in daemon.json. Docker Hub only, and every mirror in it also resolves
// tags.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/docker_files.hpp"
#include "targets/docker_store.hpp"
#include "targets/dockerd_mirror.hpp"
#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
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
    auto shown = cat("dockerd ", node.docker.version ? node.docker.version->text : "of unknown version");
    if (reads_certs_d(node.docker))
        return {.reason = cat(shown, " with the containerd image store: docker-hosts serves every registry")};
    return {.detected = true, .reason = shown};
}

std::string_view yields_to(const NodeFacts& node) {
    return reads_certs_d(node.docker) ? "docker-hosts" : "";
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

// One entry that dockerd does not take keeps it from starting, and from reloading.
Result<void> check_users_entries(const DockerFacts& docker, const Values& current) {
    auto it = current.find(kRegistryMirrors);
    if (it == current.end()) return {};
    for (const auto& entry : it->second) {
        auto refusal = dockerd_refusal(entry, docker.version);
        if (refusal.empty()) continue;
        return Failure(Error{.code = ErrorCode::unsupported_layout,
                             .message = cat("cannot set registry-mirrors: ", docker.config_file.str(),
                                            ": dockerd refuses the file for its entry \"",
                                            printable_line(mask_secrets(entry), 120), "\": ", refusal),
                             .hint = "correct it or take it out, then run mirrorctl apply again"});
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

// The hosts.toml that outranks registry-mirrors: with the containerd image store one that gives docker.io two
// hosts or more. With none in it, or if it is broken, daemon.json still counts (moby daemon/hosts.go,
// mergeLegacyConfig).
std::optional<TargetPath> outranking_hosts(const Context& context) {
    if (!reads_certs_d(context.node.docker)) return std::nullopt;
    TargetPath certs_d(kDockerCertsD);
    auto directory = certs_d / kHub;
    if (!exists(context.fs, directory)) directory = certs_d / "_default";
    auto path = directory / "hosts.toml";
    auto text = context.fs.read(path);
    if (!text) return std::nullopt;
    auto values = hosts_toml_codec().read(*text);
    if (!values || !values->contains(kHosts)) return std::nullopt;
    return path;
}

// One mirror list would silently hide the other.
Result<void> check_own_hosts(const Context& context, const std::optional<TargetPath>& outranking) {
    const auto* owned = outranking ? find_owned(context.owned, *outranking) : nullptr;
    if (owned == nullptr) return {};
    return Failure(
        Error{.code = ErrorCode::conflict,
              .message = cat("cannot set registry-mirrors: ", context.node.docker.config_file.str(),
                             ": this dockerd ignores them beside ", outranking->str(), ", which ",
                             owned->target, " has written"),
              .hint = "mirrorctl apply without --target docker-daemon, or mirrorctl reset first"});
}

void warn_hidden(const std::optional<TargetPath>& outranking, std::vector<Warning>& warnings) {
    if (!outranking) return;
    warnings.push_back(
        {.code = "mirrors_hidden",
         .message =
             cat("registry-mirrors have no effect: ", outranking->str(), " outranks them in this dockerd"),
         .hint = cat("move ", outranking->str(), " away, or use mirrorctl apply --target docker-hosts")});
}

// What the user wrote there stays, but docker-hosts now decides.
void warn_users_hidden(const Context& context, const std::vector<std::string>& users,
                       std::vector<Warning>& warnings) {
    const auto& upstreams = context.desired.upstreams;
    bool served = std::any_of(upstreams.begin(), upstreams.end(), [](const DesiredUpstream& upstream) {
        return upstream.name == kHub && !upstream.mirrors.empty();
    });
    if (!served || users.empty()) return;
    std::vector<std::string> shown;
    for (const auto& url : users) shown.push_back(printable_line(mask_secrets(url), 120));
    warnings.push_back({.code = "mirrors_hidden",
                        .message = cat("your registry-mirrors in ", context.node.docker.config_file.str(),
                                       " have no effect: this dockerd ignores them beside ", kDockerCertsD,
                                       "/docker.io/hosts.toml: ", join(shown, ", ")),
                        .hint =
                            "write them into a profile of your own, or put `targets: [docker-daemon]` into "
                            "/etc/mirrorctl/config.yaml"});
}

std::string way_for_others(const DockerFacts& docker, const std::string& other) {
    if (reads_certs_d(docker))
        return "mirrorctl apply --target docker-hosts gives docker the mirrors of every registry";
    if (docker.store.feature.value_or(false) && holds(Rule::docker_hosts_toml, docker.version))
        return "restart docker, whose containerd image store is switched on but not in use yet: mirrorctl "
               "apply "
               "then serves them (docker-hosts)";
    if (docker.version && !holds(Rule::docker_hosts_toml, docker.version))
        return cat("write the mirror into the image name (", other,
                   "/...), or install Docker Engine 28 or later with the containerd image store");
    return "switch docker to the containerd image store (features.containerd-snapshotter in daemon.json, "
           "Engine "
           "28 and later): mirrorctl apply then serves them (docker-hosts)";
}

// F26 of the known failures: people expect registry-mirrors to serve other registries too.
void warn_other_upstreams(const Context& context, std::vector<Warning>& warnings) {
    std::vector<std::string> others;
    for (const auto& upstream : context.desired.upstreams)
        if (upstream.name != kHub && !upstream.mirrors.empty())
            others.push_back(printable_line(upstream.name, 80));
    if (others.empty()) return;
    warnings.push_back(
        {.code = "upstream_not_served",
         .message = cat("docker pulls these directly, daemon.json has mirrors for docker.io only: ",
                        join(others, ", ")),
         .hint = way_for_others(context.node.docker, others.front())});
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
    warnings.push_back({.code = "unknown_key",
                        .message = "daemon.json has the key \"registry-mirror\", which dockerd takes without "
                                   "a word and never reads",
                        .hint = "its name is \"registry-mirrors\""});
}

// Ours for this run, and what keeps them from being written or from counting.
Speller speller_for(const DockerFacts& docker) {
    bool by_host = holds(Rule::mirror_host_only, docker.version) && image_store(docker).containerd;
    return by_host ? spell_for_docker_by_host : spell_for_docker;
}

Result<Values> wanted_mirrors(const Context& context, const DaemonJson& file,
                              std::vector<Warning>& warnings) {
    const auto& docker = context.node.docker;
    Values wanted;
    for (const auto& upstream : context.desired.upstreams) {
        if (upstream.name != kHub) continue;
        auto choice =
            choose_mirrors(upstream, context.desired.keep, speller_for(docker), docker.version, true);
        warnings = std::move(choice.warnings);
        for (const auto& mirror : choice.mirrors)
            wanted[kRegistryMirrors].push_back(spelled_as_user(mirror.url, file.current));
    }
    if (!wanted.empty()) {
        TRY(check_flags(docker));
        TRY(check_users_entries(docker, file.current));
        auto outranking = outranking_hosts(context);
        TRY(check_own_hosts(context, outranking));
        warn_hidden(outranking, warnings);
    }
    warn_other_upstreams(context, warnings);
    return wanted;
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
    if (!context.yields) {
        TRY_ASSIGN(wanted, wanted_mirrors(context, file, proposal.warnings));
    }
    warn_singular_key(file, proposal.warnings);
    TRY_ASSIGN(auto skeleton, render_daemon_json(wanted));
    TRY_ASSIGN(auto afterwards, mirrors_afterwards(context, file, wanted));
    if (context.yields) warn_users_hidden(context, afterwards[kRegistryMirrors], proposal.warnings);
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
                                .yields_to = yields_to,
                                .propose = propose,
                                .codec_for = codec_for,
                                .upstream_of = [](const TargetPath&) { return std::string(kHub); },
                                .survey = survey,
                                .live_checks = live_checks,
                                .is_marked = [](std::string_view) { return false; }};
    return kTarget;
}

}  // namespace mirrorctl::targets
