// containerd-hosts: hosts.toml per registry below certs.d, and config_path in config.toml, which makes them
// count.
#include "base/strings.hpp"
#include "targets/config_toml.hpp"
#include "targets/containerd_switch.hpp"
#include "targets/entries.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/hosts_tree.hpp"
#include "targets/our_files.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

constexpr std::string_view kName = "containerd-hosts";

Detection detect(const NodeFacts& node) {
    const auto& containerd = node.containerd;
    if (containerd.managed_by_k3s) return {.reason = "k3s or rke2 runs its own containerd (registries.yaml)"};
    if (!containerd.installed) return {.reason = "no containerd found"};
    if (containerd.cri_disabled)
        return {.reason = "the CRI plugin of containerd is disabled, so nothing reads certs.d"};
    return {
        .detected = true,
        .reason = cat("containerd ", containerd.version ? containerd.version->text : "of unknown version")};
}

bool serves(const NodeFacts& node, std::string_view) {
    return holds(Rule::hosts_toml, node.containerd.version);
}

Failure conflict(std::string message, std::string hint) {
    return Failure(
        Error{.code = ErrorCode::conflict, .message = std::move(message), .hint = std::move(hint)});
}

// Others that write below certs.d on their own would take out whatever stands there.
Result<void> check_owners(const Context& context, const TargetPath& certs_d) {
    const auto& containerd = context.node.containerd;
    if (containerd.managed_by_k3s)
        return conflict(cat("cannot write hosts.toml: ", certs_d.str(),
                            ": k3s or rke2 runs containerd here and makes its own at every start"),
                        "write the mirrors into /etc/rancher/k3s/registries.yaml (rke2: "
                        "/etc/rancher/rke2/registries.yaml)");
    if (exists(context.fs, certs_d / "_backup"))
        return conflict(cat("cannot write hosts.toml: ", certs_d.str(),
                            ": Spegel owns it (there is a _backup) and wipes what others write"),
                        "give the mirrors to Spegel, or remove Spegel and its _backup directory first");
    if (!holds(Rule::hosts_toml, containerd.version))
        return conflict(cat("cannot write hosts.toml: ", certs_d.str(), ": containerd ",
                            containerd.version->text, " does not know it"),
                        "install containerd 1.5 or later");
    return {};
}

// The switch stays on as long as a file of this run or of an earlier one has to be read, and while this run
// is about mirrors at all: turning it off would cost a restart and win nothing.
bool switch_wanted(const Context& context, const Proposal& proposal) {
    if (any_mirrors(context.desired)) return true;
    bool owned = find_owned(context.owned, context.node.containerd.config_file) != nullptr;
    return owned && (!context.desired.upstreams.empty() || !proposal.leave.empty());
}

std::vector<TargetPath> survey(const NodeFacts& node, const sys::FsReader& fs) {
    auto found = hosts_files(fs, certs_directory(node, fs));
    if (exists(fs, node.containerd.config_file)) found.push_back(node.containerd.config_file);
    return found;
}

// Nobody reads certs.d: nothing is written unless the user named the target, and what is there stays.
bool skip_without_reader(const Context& context, const ContainerdSwitch& plan, Proposal& proposal) {
    if (plan.has_reader || context.forced) return false;
    proposal.leave = survey(context.node, context.fs);
    return true;
}

HostsTree tree_of(const Context& context, const TargetPath& certs_d) {
    return {context,
            {.target = kName,
             .library = context.node.containerd.version,
             .render = render_hosts_toml,
             .credentials_hint = "give them to the pods as an image pull secret for the mirror's host"},
            certs_d};
}

Result<Proposal> propose(const Context& context) {
    Proposal proposal;
    auto certs_d = certs_directory(context.node, context.fs);
    leave_untouched(tree_of(context, certs_d), proposal);
    if (any_mirrors(context.desired)) TRY(check_owners(context, certs_d));
    TRY_ASSIGN(auto plan, plan_switch(context, switch_wanted(context, proposal)));
    proposal.warnings = std::move(plan.warnings);
    if (skip_without_reader(context, plan, proposal)) return proposal;
    TRY(propose_hosts(tree_of(context, plan.certs_d), context.desired.upstreams, proposal));
    if (plan.config) proposal.files.push_back(std::move(*plan.config));
    if (plan.pending) proposal.pending.push_back(std::move(*plan.pending));
    return proposal;
}

// hosts.toml in any directory two levels or more below /etc: config_path may name another one than the usual.
// Docker's own is not ours.
const Codec* codec_for(const NodeFacts& node, const TargetPath& path) {
    if (path == node.containerd.config_file) return &config_toml_codec();
    const auto& text = path.str();
    bool hosts = text.starts_with("/etc/") && path.name() == "hosts.toml" &&
                 text.find("/../") == std::string::npos && !text.starts_with("/etc/docker/") &&
                 std::count(text.begin(), text.end(), '/') >= 4;
    return hosts ? &hosts_toml_codec() : nullptr;
}

bool is_marked(std::string_view text) {
    if (is_pristine(hosts_toml_codec(), render_hosts_toml, text)) return true;
    auto old = [](const Values& values) { return render_config_toml(values, std::nullopt); };
    auto current = [](const Values& values) { return render_config_toml(values, Version{.major = 2}); };
    return is_pristine(config_toml_codec(), old, text) || is_pristine(config_toml_codec(), current, text);
}

// hosts.toml is read at every pull, if containerd looks at its directory at all.
std::vector<Check> live_checks(const NodeFacts& node, const TargetPath& path, const Values& now) {
    std::string directory = path.parent().parent().str();
    if (path == node.containerd.config_file) {
        auto it = now.find(kConfigPath);
        if (it == now.end() || it->second.empty()) return {};
        directory = it->second.front();
    }
    return {{.subject = "containerd.config_path", .expected = {directory}}};
}

}  // namespace

const Target& containerd_hosts() {
    static const Target kTarget{
        .name = kName,
        .summary = "hosts.toml per registry and config_path in containerd's config.toml",
        .engine = "containerd",
        .purpose = Purpose::mirrors,
        .docs = "containerd docs/hosts.md, docs/cri/registry.md; containerd 1.5 to 2.3",
        .detect = detect,
        .serves = serves,
        .propose = propose,
        .codec_for = codec_for,
        .upstream_of = upstream_of_hosts,
        .survey = survey,
        .live_checks = live_checks,
        .is_marked = is_marked};
    return kTarget;
}

}  // namespace mirrorctl::targets
