// docker-client: `proxies.default` in a user's ~/.docker/config.json, which `docker run` and `docker build`
// hand to containers.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/docker_files.hpp"
#include "targets/entries.hpp"
#include "targets/our_files.hpp"
#include "targets/proxy_values.hpp"
#include "text/json_doc.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

Detection detect(const NodeFacts& node) {
    if (!node.docker.installed) return {.reason = "no docker found"};
    return {.detected = true, .reason = "docker is installed"};
}

TargetPath config_of(const TargetPath& home) {
    return home / ".docker" / "config.json";
}

Result<User> user_of(const Context& context) {
    const std::string name = context.desired.user.empty() ? "root" : context.desired.user;
    if (const auto* user = context.node.find_user(name)) return *user;
    if (name == "root") return User{.name = "root", .home = TargetPath("/root")};
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("no such user: ", printable_line(name, 80), ": not in /etc/passwd"),
                         .hint = "getent passwd lists the users of this node"});
}

Values values_of(const ProxyVariables& variables) {
    Values values;
    auto put = [&](const char* key, const std::string& value) {
        if (!value.empty()) values[key] = {value};
    };
    put("httpProxy", variables.http);
    put("httpsProxy", variables.https);
    put("allProxy", variables.all);
    put("noProxy", variables.no_proxy);
    return values;
}

// An entry for one daemon replaces `default` as a whole (docker/cli cli/config/configfile/file.go,
// ParseProxyConfig).
void warn_specific_entries(const std::string& text, const TargetPath& path, std::vector<Warning>& warnings) {
    auto doc = text::JsonDoc::parse(text);
    if (!doc) return;
    auto keys = doc->keys_of({"proxies"});
    if (!keys) return;
    for (const auto& key : *keys)
        if (key != "default")
            warnings.push_back(
                {.code = "proxy_overridden",
                 .message = cat(path.str(), ": the entry for ", printable_line(mask_secrets(key), 120),
                                " replaces the default one for that daemon"),
                 .hint = "set the proxies in that entry too, or take it out"});
}

void warn_loopback(const ProxyVariables& variables, std::vector<Warning>& warnings) {
    for (const auto* url : {&variables.http, &variables.https, &variables.all}) {
        if (!is_loopback(*url)) continue;
        warnings.push_back(
            {.code = "loopback_proxy",
             .message = cat("the proxy ", mask_secrets(*url),
                            " is a loopback address: in a container that is the container itself"),
             .hint = "use an address of this host that containers can reach"});
        return;
    }
}

FileIntent intent_for(const User& user, Values wanted, bool secret, std::string skeleton) {
    FileIntent intent{.path = config_of(user.home),
                      .codec = &docker_config_codec(),
                      .wanted = std::move(wanted),
                      .skeleton = std::move(skeleton),
                      .secret = true};
    intent.file_meta = {.mode = 0600, .uid = user.uid, .gid = user.gid};
    intent.dir_meta = {.mode = 0700, .uid = user.uid, .gid = user.gid};
    intent.tighten_mode = secret;
    intent.needs_owner = true;
    return intent;
}

// Files in other homes that an earlier run with --user wrote: they stay while there are proxies, and go with
// them.
Result<void> propose_other_homes(const Context& context, const TargetPath& path, bool remove,
                                 Proposal& proposal) {
    for (const auto& [other, file] : context.owned.files) {
        if (file.target != "docker-client" || other == path) continue;
        auto user = std::find_if(context.node.users.begin(), context.node.users.end(),
                                 [&, &at = other](const User& u) { return config_of(u.home) == at; });
        if (!remove || user == context.node.users.end()) {
            proposal.leave.push_back(other);
            continue;
        }
        TRY_ASSIGN(auto skeleton, render_docker_config({}));
        proposal.files.push_back(intent_for(*user, {}, false, std::move(skeleton)));
    }
    return {};
}

const Codec* codec_for(const NodeFacts& node, const TargetPath& path) {
    if (path == TargetPath("/root/.docker/config.json")) return &docker_config_codec();
    for (const auto& user : node.users)
        if (path == config_of(user.home)) return &docker_config_codec();
    return nullptr;
}

std::vector<TargetPath> survey(const NodeFacts& node, const sys::FsReader& fs) {
    std::vector<TargetPath> found;
    for (const auto& user : node.users)
        if (auto path = config_of(user.home);
            exists(fs, path) && std::find(found.begin(), found.end(), path) == found.end())
            found.push_back(path);
    return found;
}

Result<Proposal> propose(const Context& context) {
    Proposal proposal;
    TRY_ASSIGN(auto user, user_of(context));
    auto path = config_of(user.home);
    if (!context.desired.proxy) {
        proposal.leave = survey(context.node, context.fs);
        return proposal;
    }
    TRY_ASSIGN(auto variables, proxy_variables(*context.desired.proxy));
    if (!variables.empty()) {
        // What cannot be read here is refused, with its reason, when the file itself is looked at.
        if (auto text = context.fs.read_of(path, user.uid))
            warn_specific_entries(*text, path, proposal.warnings);
        warn_loopback(variables, proposal.warnings);
    }
    auto wanted = values_of(variables);
    TRY_ASSIGN(auto skeleton, render_docker_config(wanted));
    proposal.files.push_back(intent_for(user, std::move(wanted), variables.secret, std::move(skeleton)));
    TRY(propose_other_homes(context, path, variables.empty(), proposal));
    return proposal;
}

}  // namespace

const Target& docker_client() {
    static const Target kTarget{.name = "docker-client",
                                .summary = "proxies for containers and builds in ~/.docker/config.json",
                                .engine = "docker",
                                .purpose = Purpose::proxy,
                                .docs = "docs.docker.com/engine/cli/proxy; docker/cli 20.10 to 29",
                                .detect = detect,
                                .serves = [](const NodeFacts&, std::string_view) { return false; },
                                .propose = propose,
                                .codec_for = codec_for,
                                .survey = survey,
                                .is_marked = [](std::string_view) { return false; }};
    return kTarget;
}

}  // namespace mirrorctl::targets
