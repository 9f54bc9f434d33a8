#include "targets/hosts_intent.hpp"

#include "base/strings.hpp"
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
};

Result<HostsFile> read_hosts_file(const Context& context, const TargetPath& path) {
    HostsFile file;
    TRY_ASSIGN(file.text, read_if_present(context.fs, path));
    TRY_ASSIGN(file.current, read_values(hosts_toml_codec(), file.text, path));
    file.whole =
        is_wholly_ours(hosts_toml_codec(), render_hosts_toml, file.text, find_owned(context.owned, path));
    return file;
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

void warn_credentials(const DesiredUpstream& upstream, const MirrorChoice& choice,
                      std::vector<Warning>& warnings) {
    for (const auto& mirror : choice.mirrors)
        if (!mirror.chosen->mirror.auth.empty())
            warnings.push_back(
                {.code = "mirror_needs_credentials",
                 .message = cat("the credentials of ", mirror.chosen->mirror.url.masked(), " (",
                                printable_line(upstream.name, 80), ") are not written into hosts.toml"),
                 .hint = "give them to the pods as an image pull secret for the mirror's host"});
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

}  // namespace

Result<std::optional<FileIntent>> hosts_intent(const Context& context, const TargetPath& path,
                                               const DesiredUpstream& upstream,
                                               std::vector<Warning>& warnings) {
    const auto& version = context.node.containerd.version;
    auto choice = choose_mirrors(upstream, context.desired.keep, spell_for_containerd, version, false);
    warnings.insert(warnings.end(), choice.warnings.begin(), choice.warnings.end());
    if (choice.mirrors.empty()) {
        if (!exists(context.fs, path)) return std::nullopt;
        TRY_ASSIGN(auto intent, removal_intent(context, path));
        return intent;
    }
    TRY_ASSIGN(auto file, read_hosts_file(context, path));
    Values wanted;
    for (auto& mirror : choice.mirrors) {
        const auto* users = users_host(context, path, file, mirror.url);
        wanted[kHosts].push_back(users != nullptr ? *users : mirror.url);
        if (users != nullptr) continue;  // its table stays as the user made it
        add_attributes(mirror, mirror.url, wanted);
        if (holds(Rule::dial_timeout, version)) wanted[host_key(mirror.url, "dial_timeout")] = {kDialTimeout};
    }
    add_server(context, path, file, upstream, choice, wanted, warnings);
    warn_credentials(upstream, choice, warnings);
    TRY_ASSIGN(auto skeleton, render_hosts_toml(wanted));
    return make_intent(path, file, std::move(wanted), std::move(skeleton));
}

Result<FileIntent> removal_intent(const Context& context, const TargetPath& path) {
    TRY_ASSIGN(auto file, read_hosts_file(context, path));
    TRY_ASSIGN(auto skeleton, render_hosts_toml({}));
    return make_intent(path, file, {}, std::move(skeleton));
}

}  // namespace mirrorctl::targets
