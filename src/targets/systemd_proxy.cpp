// systemd-proxy: <unit>.d/http-proxy.conf for dockerd and containerd. Credentials never stand in a unit,
// which everybody can read (systemctl show), but in an env file that only root can.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"
#include "targets/entries.hpp"
#include "targets/our_files.hpp"
#include "targets/proxy_files.hpp"
#include "targets/version_rules.hpp"
#include "text/json_doc.hpp"

#include <algorithm>

namespace mirrorctl::targets {

namespace {

struct Service {
    std::string unit;
    TargetPath drop_in;
    TargetPath env_file;
    const UnitFacts* facts;
};

Service service_of(const UnitFacts& facts, std::string_view usual_name, const char* env_file) {
    std::string unit = facts.name.empty() ? std::string(usual_name) : facts.name;
    return {.unit = unit,
            .drop_in = TargetPath(cat("/etc/systemd/system/", unit, ".d/http-proxy.conf")),
            .env_file = TargetPath(env_file),
            .facts = &facts};
}

std::vector<Service> services(const NodeFacts& node) {
    return {service_of(node.containerd.unit, "containerd.service", kContainerdProxyEnv),
            service_of(node.docker.unit, "docker.service", kDockerProxyEnv)};
}

bool wants(const Context& context, const Service& service) {
    const auto& node = context.node;
    return context.forced ||
           (service.facts == &node.docker.unit ? node.docker.installed : node.containerd.installed);
}

Detection detect(const NodeFacts& node) {
    std::vector<std::string> found;
    if (node.docker.installed) found.emplace_back("docker");
    if (node.containerd.installed) found.emplace_back("containerd");
    if (found.empty()) return {.reason = "neither docker nor containerd found"};
    return {.detected = true, .reason = cat("units of ", join(found, " and "))};
}

// One directory wins over the next for files of the same name (systemd.unit(5)).
std::vector<TargetPath> drop_in_directories(const std::string& unit) {
    std::vector<TargetPath> dirs;
    for (const auto* top : {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                            "/usr/lib/systemd/system", "/lib/systemd/system"})
        dirs.emplace_back(cat(top, "/", unit, ".d"));
    return dirs;
}

Warning overridden(const std::string& where, const std::string& unit, const std::vector<std::string>& names) {
    return {.code = "proxy_overridden",
            .message = cat(unit, ": ", printable_line(where),
                           names.empty() ? " clears Environment=" : cat(" also sets ", join(names, ", ")),
                           " and wins over http-proxy.conf"),
            .hint = cat("take the proxy variables out of ", printable_line(where))};
}

// Drop-ins count in the order of their names, whatever directory they are in: a later one wins.
void warn_later_drop_ins(const Context& context, const Service& service, std::vector<Warning>& warnings) {
    std::vector<std::string> seen;
    for (const auto& dir : drop_in_directories(service.unit)) {
        auto names = context.fs.list(dir);
        if (!names) continue;
        for (const auto& name : *names) {
            if (!name.ends_with(".conf") || name <= service.drop_in.name()) continue;
            if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
            seen.push_back(name);
            auto text = context.fs.read(dir / name);
            if (!text) continue;
            bool clears = false;
            auto set = proxy_names_in_unit(*text, clears);
            if (!set.empty() || clears) warnings.push_back(overridden((dir / name).str(), service.unit, set));
        }
    }
}

// Variables of an EnvironmentFile= always win over those of Environment= (systemd.exec(5)).
void warn_env_files(const Context& context, const Service& service, std::vector<Warning>& warnings) {
    for (const auto& path : service.facts->environment_files) {
        if (path == service.env_file) continue;
        auto text = context.fs.read(path);
        if (!text) continue;
        auto set = proxy_names_in_env_file(*text);
        if (!set.empty()) warnings.push_back(overridden(path.str(), service.unit, set));
    }
}

// From Engine 23.0 `proxies` in daemon.json replaces the environment at start (moby
// daemon/command/daemon.go).
void warn_daemon_json(const Context& context, const Service& service, std::vector<Warning>& warnings) {
    const auto& docker = context.node.docker;
    if (service.facts != &docker.unit || !holds(Rule::daemon_proxies, docker.version)) return;
    auto text = context.fs.read(docker.config_file);
    if (!text) return;
    auto doc = text::JsonDoc::parse(*text);
    if (doc && doc->has({"proxies"}))
        warnings.push_back({.code = "proxy_overridden",
                            .message = cat(service.unit, ": \"proxies\" in ", docker.config_file.str(),
                                           " wins over the environment"),
                            .hint = "take \"proxies\" out of that file, or set the proxy there"});
}

std::vector<Activation> activations(const Service& service) {
    return {{.unit = service.unit, .kind = ActivationKind::daemon_reload, .reason = "a drop-in changed"},
            {.unit = service.unit,
             .kind = ActivationKind::restart,
             .reason = "a process gets its environment when it starts"}};
}

// What the main process must have afterwards. `secret`: only as digests.
Check environment_check(const Service& service, const Values& variables, bool secret) {
    Check check{.subject = cat("environment:", service.unit), .expected = {}};
    for (const auto* name :
         {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}) {
        auto it = variables.find(name);
        if (it != variables.end())
            check.expected.push_back(
                cat(name, "=", secret ? sha256_digest(it->second.front()) : it->second.front()));
    }
    return check;
}

struct Wanted {
    Values unit;
    Values env_file;
};

Wanted split_variables(const Service& service, Values variables, bool secret) {
    if (variables.empty() || !secret) return {.unit = std::move(variables), .env_file = {}};
    return {.unit = {{kEnvironmentFile, {"-" + service.env_file.str()}}}, .env_file = std::move(variables)};
}

Result<FileIntent> env_file_intent(const Context& context, const Service& service, const Values& wanted) {
    TRY_ASSIGN(auto text, read_if_present(context.fs, service.env_file));
    TRY_ASSIGN(auto skeleton, render_proxy_env(wanted));
    FileIntent intent{.path = service.env_file,
                      .codec = &proxy_env_codec(),
                      .wanted = wanted,
                      .skeleton = std::move(skeleton)};
    intent.whole = is_wholly_ours(proxy_env_codec(), render_proxy_env, text,
                                  find_owned(context.owned, service.env_file));
    intent.secret = true;
    intent.file_meta = {.mode = 0600};
    intent.tighten_mode = true;
    return intent;
}

Result<FileIntent> drop_in_intent(const Context& context, const Service& service, const Values& wanted) {
    TRY_ASSIGN(auto text, read_if_present(context.fs, service.drop_in));
    TRY(read_values(drop_in_codec(), text, service.drop_in));
    TRY_ASSIGN(auto skeleton, render_drop_in(wanted));
    FileIntent intent{.path = service.drop_in,
                      .codec = &drop_in_codec(),
                      .wanted = wanted,
                      .skeleton = std::move(skeleton)};
    intent.whole =
        is_wholly_ours(drop_in_codec(), render_drop_in, text, find_owned(context.owned, service.drop_in));
    intent.secret = text && may_hold_secrets(*text);
    return intent;
}

Result<void> propose_service(const Context& context, const Service& service, const ProxyVariables& variables,
                             Proposal& proposal) {
    auto all = both_cases(variables);
    auto check = environment_check(service, all, variables.secret);
    auto wanted = split_variables(service, std::move(all), variables.secret);
    TRY_ASSIGN(auto env_file, env_file_intent(context, service, wanted.env_file));
    TRY_ASSIGN(auto drop_in, drop_in_intent(context, service, wanted.unit));
    if (!variables.empty()) {
        warn_later_drop_ins(context, service, proposal.warnings);
        if (!variables.secret) warn_env_files(context, service, proposal.warnings);
        warn_daemon_json(context, service, proposal.warnings);
    }
    for (auto* intent : {&env_file, &drop_in}) {
        intent->on_change = activations(service);
        if (!check.expected.empty()) intent->checks = {check};
        proposal.files.push_back(std::move(*intent));
    }
    return {};
}

std::vector<TargetPath> survey(const NodeFacts& node, const sys::FsReader& fs) {
    std::vector<TargetPath> found;
    for (const auto& service : services(node))
        for (const auto& path : {service.env_file, service.drop_in})
            if (exists(fs, path)) found.push_back(path);
    return found;
}

Result<Proposal> propose(const Context& context) {
    Proposal proposal;
    if (!context.desired.proxy) {
        proposal.leave = survey(context.node, context.fs);
        return proposal;
    }
    TRY_ASSIGN(auto variables, proxy_variables(*context.desired.proxy));
    variables = for_daemons(std::move(variables));
    for (const auto& service : services(context.node)) {
        bool ours = find_owned(context.owned, service.drop_in) != nullptr ||
                    find_owned(context.owned, service.env_file) != nullptr;
        if (wants(context, service))
            TRY(propose_service(context, service, variables, proposal));
        else if (ours)
            TRY(propose_service(context, service, {}, proposal));
    }
    return proposal;
}

const Codec* codec_for(const NodeFacts& node, const TargetPath& path) {
    for (const auto& service : services(node)) {
        if (path == service.drop_in) return &drop_in_codec();
        if (path == service.env_file) return &proxy_env_codec();
    }
    return nullptr;
}

std::vector<Check> live_checks(const NodeFacts& node, const TargetPath& path, const Values& now) {
    for (const auto& service : services(node))
        if (path == service.drop_in || path == service.env_file)
            if (auto check = environment_check(service, now, true); !check.expected.empty()) return {check};
    return {};
}

bool is_marked(std::string_view text) {
    return is_pristine(drop_in_codec(), render_drop_in, text) ||
           is_pristine(proxy_env_codec(), render_proxy_env, text);
}

}  // namespace

const Target& systemd_proxy() {
    static const Target kTarget{.name = "systemd-proxy",
                                .summary = "proxies of dockerd and containerd in <unit>.d/http-proxy.conf",
                                .engine = "systemd",
                                .purpose = Purpose::proxy,
                                .docs = "systemd.exec(5), systemd.unit(5); systemd 252",
                                .detect = detect,
                                .serves = [](const NodeFacts&, std::string_view) { return false; },
                                .propose = propose,
                                .codec_for = codec_for,
                                .survey = survey,
                                .live_checks = live_checks,
                                .is_marked = is_marked};
    return kTarget;
}

}  // namespace mirrorctl::targets
