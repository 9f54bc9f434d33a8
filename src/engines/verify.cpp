#include "engines/verify.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"
#include "engines/activation.hpp"
#include "engines/containerd.hpp"
#include "engines/docker.hpp"
#include "engines/processes.hpp"
#include "engines/systemd.hpp"

#include <algorithm>
#include <map>

namespace mirrorctl::engines {
namespace {

constexpr double kAskEvery = 0.25;
// What containerd 2.2 and later uses where nothing is set (internal/cri/config/config_unix.go).
constexpr std::string_view kDefaultConfigPath = "/etc/containerd/certs.d:/etc/docker/certs.d";
constexpr std::string_view kEnvironment = "environment:";

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

std::vector<std::string> without_slashes(std::vector<std::string> urls) {
    std::transform(urls.begin(), urls.end(), urls.begin(), without_slash);
    return urls;
}

Finding not_asked(std::string why) {
    return {Answer::not_asked, std::move(why)};
}

// An expected "NAME=..." against what there is.
bool matches(const std::string& wanted, const std::string& actual) {
    if (is_sha256_digest(wanted)) return sha256_digest(actual) == wanted;
    return wanted == actual;
}

struct Wanted {
    std::string name;
    std::string value;
};

Wanted parse_expected(const std::string& text) {
    auto equals = std::min(text.find('='), text.size());
    return {text.substr(0, equals), equals < text.size() ? text.substr(equals + 1) : ""};
}

Finding compare(const std::vector<std::string>& expected, const std::map<std::string, std::string>& actual) {
    for (const auto& item : expected) {
        auto wanted = parse_expected(item);
        auto it = actual.find(wanted.name);
        auto value = it == actual.end() ? "" : it->second;
        if (!matches(wanted.value, value))
            return {Answer::no, cat(wanted.name, value.empty()          ? " is not set"
                                                 : wanted.value.empty() ? " is still set"
                                                                        : " has another value")};
    }
    return {Answer::yes};
}

Finding ask_docker_mirrors(const Check& check, const Session& session) {
    auto info = ask_docker(session.runner, docker_socket(session.node.docker));
    if (!info) return not_asked(to_string(info.error()));
    auto live = without_slashes(info->live.mirrors);
    if (live == without_slashes(check.expected)) return {Answer::yes};
    return {Answer::no, cat("dockerd uses ", live.empty() ? "no mirror" : join(live, ", "))};
}

Finding ask_docker_store(const Session& session) {
    auto info = ask_docker(session.runner, docker_socket(session.node.docker));
    if (!info) return not_asked(to_string(info.error()));
    if (info->live.containerd_store) return {Answer::yes};
    return {Answer::no, "dockerd keeps its images with a storage driver of its own"};
}

Finding ask_docker_proxy(const Check& check, const Session& session) {
    auto info = ask_docker(session.runner, docker_socket(session.node.docker));
    if (!info) return not_asked(to_string(info.error()));
    std::map<std::string, std::string> actual{{"HTTP_PROXY", info->live.http_proxy},
                                              {"HTTPS_PROXY", info->live.https_proxy},
                                              {"NO_PROXY", info->live.no_proxy}};
    // moby daemon/config MaskCredentials writes "xxxxx:xxxxx@": what is behind it cannot be compared.
    std::vector<std::string> comparable;
    for (const auto& item : check.expected) {
        auto wanted = parse_expected(item);
        bool masked = !wanted.value.empty() && actual[wanted.name].find("xxxxx:xxxxx@") != std::string::npos;
        if (!masked) comparable.push_back(item);
    }
    return compare(comparable, actual);
}

Finding ask_config_path(const Check& check, const Session& session) {
    const auto& containerd = session.node.containerd;
    auto there = session.fs.stat(containerd.config_file);
    auto dump = dump_containerd_config(session.runner, containerd.binary,
                                       there ? containerd.config_file : TargetPath());
    if (!dump) return not_asked(to_string(dump.error()));
    auto config = parse_containerd_config(*dump);
    if (!config) return not_asked(to_string(config.error()));
    auto wanted = check.expected.empty() ? "" : check.expected.front();
    bool unset = wanted.empty() && config->config_path == kDefaultConfigPath;
    if (config->config_path == wanted || unset) return {Answer::yes};
    return {Answer::no, cat("config_path is \"", printable_line(config->config_path), "\"")};
}

Finding ask_cri_plugin(const Session& session) {
    auto report = ask_cri(session.runner);
    if (report.state == CriState::unknown) return not_asked(report.detail);
    // Docker's containerd.io package switches CRI off: then nobody here reads it, and that is not our doing.
    auto config = parse_containerd_config(session.node.containerd.dump);
    if (report.state == CriState::absent && config && config->cri_disabled)
        return not_asked("CRI is disabled in containerd's configuration");
    return {report.state == CriState::loaded ? Answer::yes : Answer::no, report.detail};
}

Finding ask_environment(const Check& check, const std::string& unit, const Session& session) {
    auto pid = main_pid(unit, session);
    if (pid == 0) return not_asked(cat(unit, " does not run"));
    auto actual = environment(session.fs, pid);
    if (!actual) return not_asked(cat("/proc/", pid, "/environ cannot be read"));
    return compare(check.expected, *actual);
}

}  // namespace

int main_pid(const std::string& unit, const Session& session) {
    if (session.node.systemd) {
        auto known = show_units(session.runner, {unit});
        auto it = known.find(unit);
        if (it == known.end()) return 0;
        UnitFacts now{.name = unit};
        apply_properties(now, it->second, session.fs);
        return now.main_pid;
    }
    const auto* facts = find_unit(session.node, unit);
    return facts ? facts->main_pid : 0;
}

std::string unit_of(const Check& check) {
    if (check.subject.starts_with(kEnvironment)) return check.subject.substr(kEnvironment.size());
    return check.subject.starts_with("docker.") ? "docker.service" : "containerd.service";
}

bool reload_suffices(const Check& check) {
    return check.subject == "docker.mirrors";
}

Finding ask(const Check& check, const Session& session) {
    if (!session.node.live) return not_asked("another root than /");
    if (check.subject.starts_with(kEnvironment))
        return ask_environment(check, check.subject.substr(kEnvironment.size()), session);
    bool of_docker = check.subject.starts_with("docker.");
    // A socket unit would start a daemon that does not run.
    const auto& unit = of_docker ? session.node.docker.unit : session.node.containerd.unit;
    if (!unit.active) return not_asked(cat(unit.name, " does not run"));
    if (check.subject == "docker.mirrors") return ask_docker_mirrors(check, session);
    if (check.subject == "docker.containerd_store") return ask_docker_store(session);
    if (check.subject == "docker.proxy") return ask_docker_proxy(check, session);
    if (check.subject == "containerd.config_path") return ask_config_path(check, session);
    if (check.subject == "containerd.cri") return ask_cri_plugin(session);
    return {Answer::no, cat("nobody knows how to check ", printable_line(check.subject))};
}

Result<void> verify(const Check& check, const Session& session) {
    auto until = session.clock.now() + session.timeout_seconds;
    Finding finding = ask(check, session);
    while (finding.answer == Answer::no && session.clock.now() < until) {
        session.clock.sleep(kAskEvery);
        finding = ask(check, session);
    }
    if (finding.answer != Answer::no) return {};
    return Failure(Error{.code = ErrorCode::activation_failed,
                         .message = cat("the running engine does not have the change: ", check.subject, ": ",
                                        finding.detail)});
}

std::string live_word(const std::vector<Check>& checks, const Session& session) {
    bool unknown = checks.empty();
    for (const auto& check : checks) {
        auto answer = ask(check, session).answer;
        if (answer == Answer::no) return "pending";
        unknown = unknown || answer == Answer::not_asked;
    }
    return unknown ? "unknown" : "yes";
}

}  // namespace mirrorctl::engines
