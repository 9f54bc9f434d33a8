#include "targets/hosts_tree.hpp"

#include "base/strings.hpp"
#include "targets/hosts_toml.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

bool contains(const std::vector<TargetPath>& paths, const TargetPath& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

std::vector<TargetPath> paths_of(const Proposal& proposal) {
    auto paths = proposal.leave;
    for (const auto& file : proposal.files) paths.push_back(file.path);
    return paths;
}

Result<std::vector<FileIntent>> leftovers(const HostsTree& tree, const std::vector<TargetPath>& handled) {
    const auto& [context, reader, certs_d] = tree;
    std::vector<TargetPath> ours;
    for (const auto& [path, file] : context.owned.files)
        if (file.target == reader.target && path.name() == "hosts.toml") ours.push_back(path);
    for (auto& path : hosts_files(context.fs, certs_d)) {
        auto text = context.fs.read(path);
        if (text && !contains(ours, path) && is_pristine(hosts_toml_codec(), reader.render, *text))
            ours.push_back(std::move(path));
    }
    std::vector<FileIntent> intents;
    for (const auto& path : ours) {
        if (contains(handled, path)) continue;
        TRY_ASSIGN(auto intent, removal_intent(tree, path));
        intents.push_back(std::move(intent));
    }
    return intents;
}

// A directory of its own hides `_default` from a registry (containerd core/remotes/docker/config/hosts.go,
// HostDirFromRoot).
void warn_default_hidden(const HostsTree& tree, Proposal& proposal) {
    auto path = tree.certs_d / "_default" / "hosts.toml";
    if (!exists(tree.context.fs, path)) return;
    std::vector<std::string> names;
    for (const auto& file : proposal.files)
        if (!file.wanted.empty()) names.push_back(printable_line(upstream_of_hosts(file.path), 80));
    if (names.empty()) return;
    proposal.warnings.push_back({.code = "default_hidden",
                                 .message = cat(path.str(),
                                                " does not count for what has a directory of its "
                                                "own: ",
                                                join(names, ", ")),
                                 .hint = "give the mirrors in it to the profile, if they are still wanted"});
}

}  // namespace

bool any_mirrors(const DesiredState& desired) {
    return std::any_of(desired.upstreams.begin(), desired.upstreams.end(),
                       [](const DesiredUpstream& u) { return !u.mirrors.empty(); });
}

std::vector<TargetPath> hosts_files(const sys::FsReader& fs, const TargetPath& certs_d) {
    std::vector<TargetPath> found;
    auto names = fs.list(certs_d);
    if (!names) return found;
    for (const auto& name : *names)
        if (auto path = certs_d / name / "hosts.toml"; exists(fs, path)) found.push_back(path);
    return found;
}

void leave_untouched(const HostsTree& tree, Proposal& proposal) {
    const auto& context = tree.context;
    for (const auto& upstream : context.desired.untouched) {
        auto path = hosts_directory(context.fs, tree.certs_d, upstream) / "hosts.toml";
        if (exists(context.fs, path)) proposal.leave.push_back(path);
    }
}

Result<void> propose_hosts(const HostsTree& tree, const std::vector<DesiredUpstream>& upstreams,
                           Proposal& proposal) {
    for (const auto& upstream : upstreams) {
        TRY_ASSIGN(auto intent, hosts_intent(tree, upstream, proposal.warnings));
        if (intent) proposal.files.push_back(std::move(*intent));
    }
    warn_default_hidden(tree, proposal);
    TRY_ASSIGN(auto gone, leftovers(tree, paths_of(proposal)));
    proposal.files.insert(proposal.files.end(), gone.begin(), gone.end());
    return {};
}

std::string upstream_of_hosts(const TargetPath& path) {
    return path.name() == "hosts.toml" ? upstream_of_directory(path.parent().name()) : "";
}

}  // namespace mirrorctl::targets
