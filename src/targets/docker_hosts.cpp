// docker-hosts: hosts.toml per registry in dockerd's own certs.d, which Engine 28 reads at every pull once
// its images are kept in containerd's store.
#include "base/strings.hpp"
#include "targets/docker_store.hpp"
#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/hosts_tree.hpp"
#include "targets/version_rules.hpp"
#include "text/json_doc.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

constexpr std::string_view kName = "docker-hosts";
constexpr const char* kHub = "docker.io";

std::string shown(const DockerFacts& docker) {
    return cat("dockerd ", docker.version ? docker.version->text : "of unknown version");
}

Detection detect(const NodeFacts& node) {
    const auto& docker = node.docker;
    if (!docker.installed) return {.reason = "no dockerd found"};
    if (docker.variant != "rootful") return {.reason = "the snap of docker has a certs.d of its own"};
    if (!holds(Rule::docker_hosts_toml, docker.version))
        return {.reason = cat(shown(docker), " does not read hosts.toml (Engine 28 does)")};
    auto store = image_store(docker);
    if (!store.containerd)
        return {.reason = cat(shown(docker), " does not use the containerd image store: ", store.reason)};
    return {.detected = true,
            .reason = cat(shown(docker), " with the containerd image store: ", store.reason)};
}

// A dockerd that is not there yet may be one that reads it.
bool may_read(const DockerFacts& docker) {
    return docker.variant != "snap" && (!docker.version || holds(Rule::docker_hosts_toml, docker.version));
}

bool serves(const NodeFacts& node, std::string_view) {
    return may_read(node.docker);
}

std::string_view yields_to(const NodeFacts& node) {
    return reads_certs_d(node.docker) ? "" : "docker-daemon";
}

HostsTree tree_of(const Context& context) {
    return {context,
            {.target = kName,
             .library = dockerd_hosts_library(),
             .exact = false,
             .render = render_dockerd_hosts_toml,
             .credentials_hint = "dockerd sends credentials to the registry itself only: take a mirror that "
                                 "asks for none"},
            TargetPath(kDockerCertsD)};
}

Result<void> check_engine(const DockerFacts& docker) {
    if (may_read(docker)) return {};
    if (docker.variant == "snap")
        return Failure(Error{.code = ErrorCode::conflict,
                             .message = cat("cannot write hosts.toml: ", kDockerCertsD,
                                            ": the snap of docker has a directory of its own"),
                             .hint = "mirrorctl apply --target docker-daemon"});
    return Failure(Error{.code = ErrorCode::conflict,
                         .message = cat("cannot write hosts.toml: ", kDockerCertsD, ": ", shown(docker),
                                        " does not read it, Engine 28 and later do"),
                         .hint = "mirrorctl apply --target docker-daemon (docker.io only), or install Docker "
                                 "Engine 28 or later"});
}

void warn_no_reader(const DockerFacts& docker, std::vector<Warning>& warnings) {
    auto store = image_store(docker);
    if (!docker.installed || store.containerd) return;
    warnings.push_back(
        {.code = "no_reader",
         .message = cat("dockerd does not use the containerd image store (", store.reason,
                        "): only builds read ", kDockerCertsD, ", pulls do not"),
         .hint = "set features.containerd-snapshotter to true in daemon.json and restart docker, or use "
                 "mirrorctl apply --target docker-daemon"});
}

std::vector<std::string> insecure_registries(const Context& context) {
    std::vector<std::string> all;
    if (auto text = context.fs.read(context.node.docker.config_file))
        if (auto doc = text::JsonDoc::parse(*text))
            if (auto list = doc->strings_at({"insecure-registries"}); list && *list) all = **list;
    for (const auto& flag : context.node.docker.flags)
        if (constexpr std::string_view kFlag = "--insecure-registry="; flag.flag.starts_with(kFlag))
            all.push_back(flag.flag.substr(kFlag.size()));
    return all;
}

// "10.0.0.0/8" is taken to cover every registry that is named by its address: leaving one out costs speed
// only.
bool is_insecure(const DesiredUpstream& upstream, const std::vector<std::string>& insecure) {
    const auto& host = upstream.origin.host;
    bool address = host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
    return std::any_of(insecure.begin(), insecure.end(), [&](const std::string& entry) {
        bool range = entry.find('/') != std::string::npos;
        return range ? address
                     : entry == upstream.name || entry == host || entry == upstream.origin.authority();
    });
}

// insecure-registries no longer counts for a registry once hosts.toml gives it two hosts (moby
// daemon/hosts.go, mergeLegacyConfig): its origin would be asked by https with a certificate that nobody
// trusts. An origin of plain http says so itself.
std::vector<DesiredUpstream> expressible(const Context& context, std::vector<Warning>& warnings) {
    std::vector<DesiredUpstream> upstreams;
    auto insecure = insecure_registries(context);
    for (auto upstream : context.desired.upstreams) {
        bool loses = !upstream.mirrors.empty() && upstream.fallback == Fallback::origin &&
                     upstream.origin.scheme == "https" && is_insecure(upstream, insecure);
        if (loses) {
            upstream.mirrors.clear();
            warnings.push_back(
                {.code = "insecure_hidden",
                 .message = cat("no mirrors for ", printable_line(upstream.name, 80),
                                ": it is in insecure-registries, which dockerd ignores beside a hosts.toml"),
                 .hint = cat("put its CA into ", kDockerCertsD, "/", printable_line(upstream.name, 80),
                             "/ca.crt and take it out of insecure-registries")});
        }
        upstreams.push_back(std::move(upstream));
    }
    return upstreams;
}

// daemon.json has taken over. It holds mirrors of docker.io alone, so nobody waits for the other files.
Result<Proposal> take_out(const Context& context) {
    Proposal proposal;
    const auto& untouched = context.desired.untouched;
    auto hub = TargetPath(kDockerCertsD) / kHub / "hosts.toml";
    if (std::find(untouched.begin(), untouched.end(), kHub) != untouched.end()) proposal.leave.push_back(hub);
    TRY(propose_hosts(tree_of(context), {}, proposal));
    return proposal;
}

Result<Proposal> propose(const Context& context) {
    if (context.yields) return take_out(context);
    Proposal proposal;
    const auto& desired = context.desired;
    bool about_mirrors = any_mirrors(desired) || !desired.untouched.empty();
    if (about_mirrors) TRY(check_engine(context.node.docker));
    if (any_mirrors(desired)) warn_no_reader(context.node.docker, proposal.warnings);
    leave_untouched(tree_of(context), proposal);
    auto upstreams = expressible(context, proposal.warnings);
    TRY(propose_hosts(tree_of(context), upstreams, proposal));
    return proposal;
}

const Codec* codec_for(const NodeFacts&, const TargetPath& path) {
    bool hosts = path.name() == "hosts.toml" && path.parent().parent().str() == kDockerCertsD &&
                 path.parent().name() != ".." && path.parent().name() != ".";
    return hosts ? &hosts_toml_codec() : nullptr;
}

}  // namespace

const Target& docker_hosts() {
    static const Target kTarget{
        .name = kName,
        .summary = "hosts.toml per registry for dockerd with the containerd image store",
        .engine = "docker",
        .purpose = Purpose::mirrors,
        .docs = "docs.docker.com/engine/storage/containerd, containerd docs/hosts.md; Engine 28 to 29",
        .detect = detect,
        .serves = serves,
        .yields_to = yields_to,
        .propose = propose,
        .codec_for = codec_for,
        .upstream_of = upstream_of_hosts,
        .survey = [](const NodeFacts&,
                     const sys::FsReader& fs) { return hosts_files(fs, TargetPath(kDockerCertsD)); },
        // Read at every pull, if dockerd looks there at all.
        .live_checks =
            [](const NodeFacts&, const TargetPath&, const Values&) {
                return std::vector<Check>{{.subject = "docker.containerd_store", .expected = {}}};
            },
        .is_marked =
            [](std::string_view text) {
                return is_pristine(hosts_toml_codec(), render_dockerd_hosts_toml, text);
            }};
    return kTarget;
}

}  // namespace mirrorctl::targets
