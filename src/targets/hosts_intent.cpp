#include "targets/hosts_intent.hpp"

#include "base/strings.hpp"
#include "targets/hosts_check.hpp"
#include "targets/hosts_toml.hpp"
#include "targets/mirror_choice.hpp"
#include "targets/our_files.hpp"
#include "targets/version_rules.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

constexpr const char* kHub = "https://registry-1.docker.io";
constexpr const char* kDialTimeout = "2s";

struct HostsFile {
    std::optional<std::string> text;
    Values current;
    bool whole = false;
    std::vector<std::string> authorities = {};  // *.crt beside it that count while no hosts.toml is there
    bool client_certificates = false;           // *.cert, likewise
};

// Docker's way of giving certificates, which a hosts.toml with content replaces as a whole (containerd
// core/remotes/docker/config/hosts.go, loadHostDir).
void read_certificates(const sys::FsReader& fs, const TargetPath& directory, HostsFile& file) {
    auto names = fs.list(directory);
    if (!names) return;
    for (const auto& name : *names) {
        if (name.ends_with(".crt")) file.authorities.push_back((directory / name).str());
        if (name.ends_with(".cert")) file.client_certificates = true;
    }
}

Result<HostsFile> read_hosts_file(const HostsTree& tree, const TargetPath& path) {
    const auto& context = tree.context;
    HostsFile file;
    TRY_ASSIGN(file.text, read_if_present(context.fs, path));
    TRY_ASSIGN(file.current, read_values(hosts_toml_codec(), file.text, path));
    file.whole =
        is_wholly_ours(hosts_toml_codec(), tree.reader.render, file.text, find_owned(context.owned, path));
    if (file.whole || file.text->empty()) read_certificates(context.fs, path.parent(), file);
    return file;
}

// Mirrors in a file that the engine ignores would help nobody.
Result<void> check_users_file(const HostsReader& reader, const TargetPath& path, const HostsFile& file) {
    if (!file.text || file.whole) return {};
    bool open = !reader.library || !reader.exact;
    auto valid =
        check_hosts_toml(*file.text, {.referrers = open || holds(Rule::referrers, reader.library),
                                      .dial_timeout = open || holds(Rule::dial_timeout, reader.library)});
    if (valid) return {};
    return Failure(in_context(valid.error(), path.str()));
}

// containerd before 2.0 rejects a file without any [host] table: with ours in it the rest counts too.
void warn_wakes_up(const HostsTree& tree, const TargetPath& path, const HostsFile& file,
                   std::vector<Warning>& warnings) {
    bool ignored = file.text && !file.whole && !file.current.empty() && !file.current.contains(kHosts);
    if (!ignored || !holds(Rule::host_table_mandatory, tree.reader.library)) return;
    warnings.push_back({.code = "file_counts_now",
                        .message = cat(path.str(),
                                       " has no [host] table, so containerd before 2.0 ignores it: "
                                       "with our mirrors in it, its other settings count too"),
                        .hint = cat("look at ", path.str(), " and take out what is not meant")});
}

// The user's own table for this very mirror, or nullptr.
const std::string* users_host(const Context& context, const TargetPath& path, const HostsFile& file,
                              const std::string& url) {
    auto hosts = file.current.find(kHosts);
    if (file.whole || hosts == file.current.end()) return nullptr;
    for (const auto& known : hosts->second)
        if (same_mirror(known, url) && !owns(context.owned, path, kHosts, known)) return &known;
    return nullptr;
}

// The keys of one mirror. TLS keys never go to plain http: with one of them containerd tries https first
// (hosts.go, parseHostConfig).
void add_attributes(const SpelledMirror& mirror, const std::string& subject, Values& wanted) {
    const auto& chosen = *mirror.chosen;
    wanted[host_key(subject, "capabilities")] =
        chosen.may_resolve ? std::vector<std::string>{"pull", "resolve"} : std::vector<std::string>{"pull"};
    if (mirror.override_path) wanted[host_key(subject, "override_path")] = {"true"};
    if (!chosen.mirror.ca.empty() && chosen.mirror.url.scheme == "https")
        wanted[host_key(subject, "ca")] = {chosen.mirror.ca};
}

std::string origin_of(const DesiredUpstream& upstream) {
    return upstream.name == "docker.io" ? kHub : without_trailing_slash(upstream.origin).str();
}

// The front pages of Docker Hub answer with HTML (containerd#7400).
bool is_web_page(const DesiredUpstream& upstream, const std::string& server) {
    if (upstream.name != "docker.io") return false;
    auto url = parse_url(server.find("://") == std::string::npos ? "https://" + server : server);
    return url &&
           (url->host == "docker.io" || url->host == "index.docker.io" || url->host == "hub.docker.com");
}

void add_server(const Context& context, const TargetPath& path, const HostsFile& file,
                const DesiredUpstream& upstream, const MirrorChoice& choice, Values& wanted,
                std::vector<Warning>& warnings) {
    if (upstream.fallback == Fallback::none) {
        wanted[kServer] = {choice.mirrors.back().url};
        add_attributes(choice.mirrors.back(), kServer, wanted);
        return;
    }
    if (!file.authorities.empty() && upstream.origin.scheme == "https")
        wanted[host_key(kServer, "ca")] = file.authorities;
    auto server = file.current.find(kServer);
    bool users = server != file.current.end() && !file.whole &&
                 !owns(context.owned, path, kServer, server->second.front());
    if (users && is_web_page(upstream, server->second.front())) {
        warnings.push_back({.code = "server_replaced",
                            .message = cat(path.str(), ": server ",
                                           printable_line(mask_secrets(server->second.front()), 120),
                                           " answers with a web page: replaced by ", kHub)});
        users = false;
    }
    if (!users) wanted[kServer] = {origin_of(upstream)};
}

void warn_credentials(const HostsReader& reader, const DesiredUpstream& upstream, const MirrorChoice& choice,
                      std::vector<Warning>& warnings) {
    for (const auto& mirror : choice.mirrors)
        if (!mirror.chosen->mirror.auth.empty())
            warnings.push_back(
                {.code = "mirror_needs_credentials",
                 .message = cat("the credentials of ", mirror.chosen->mirror.url.masked(), " (",
                                printable_line(upstream.name, 80), ") are not written into hosts.toml"),
                 .hint = std::string(reader.credentials_hint)});
}

void warn_client_certificates(const DesiredUpstream& upstream, const TargetPath& path,
                              std::vector<Warning>& warnings) {
    warnings.push_back(
        {.code = "client_certificates",
         .message = cat("no mirrors for ", printable_line(upstream.name, 80), ": the client certificates in ",
                        path.parent().str(), " would no longer count beside a hosts.toml"),
         .hint = cat("write them into ", path.str(), " as `client`, then run mirrorctl apply again")});
}

FileIntent make_intent(const TargetPath& path, const HostsFile& file, Values wanted, std::string skeleton) {
    FileIntent intent{.path = path,
                      .codec = &hosts_toml_codec(),
                      .wanted = std::move(wanted),
                      .skeleton = std::move(skeleton)};
    intent.whole = file.whole;
    intent.secret = file.text && may_hold_secrets(*file.text);
    return intent;
}

Result<std::optional<FileIntent>> nothing_wanted(const HostsTree& tree, const TargetPath& path) {
    if (!exists(tree.context.fs, path)) return std::nullopt;
    TRY_ASSIGN(auto intent, removal_intent(tree, path));
    return intent;
}

}  // namespace

Result<std::optional<FileIntent>> hosts_intent(const HostsTree& tree, const DesiredUpstream& upstream,
                                               std::vector<Warning>& warnings) {
    const auto& [context, reader, certs_d] = tree;
    auto path = hosts_directory(context.fs, certs_d, upstream.name) / "hosts.toml";
    auto choice = choose_mirrors(upstream, context.desired.keep, spell_for_containerd, reader.library, false);
    warnings.insert(warnings.end(), choice.warnings.begin(), choice.warnings.end());
    if (choice.mirrors.empty()) return nothing_wanted(tree, path);
    TRY_ASSIGN(auto file, read_hosts_file(tree, path));
    if (file.client_certificates) {
        warn_client_certificates(upstream, path, warnings);
        return nothing_wanted(tree, path);
    }
    TRY(check_users_file(reader, path, file));
    warn_wakes_up(tree, path, file, warnings);
    Values wanted;
    for (auto& mirror : choice.mirrors) {
        const auto* users = users_host(context, path, file, mirror.url);
        wanted[kHosts].push_back(users != nullptr ? *users : mirror.url);
        if (users != nullptr) continue;  // its table stays as the user made it
        add_attributes(mirror, mirror.url, wanted);
        if (holds(Rule::dial_timeout, reader.library))
            wanted[host_key(mirror.url, "dial_timeout")] = {kDialTimeout};
    }
    add_server(context, path, file, upstream, choice, wanted, warnings);
    warn_credentials(reader, upstream, choice, warnings);
    TRY_ASSIGN(auto skeleton, reader.render(wanted));
    return make_intent(path, file, std::move(wanted), std::move(skeleton));
}

Result<FileIntent> removal_intent(const HostsTree& tree, const TargetPath& path) {
    TRY_ASSIGN(auto file, read_hosts_file(tree, path));
    TRY_ASSIGN(auto skeleton, tree.reader.render({}));
    return make_intent(path, file, {}, std::move(skeleton));
}

}  // namespace mirrorctl::targets
