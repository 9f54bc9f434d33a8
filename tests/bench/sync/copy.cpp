// The copy engine alone, without rule files and logins: `copy [--plan] SOURCE DESTINATION...` per line of
// arguments, separated by `--`. A source without tag means all tags. Prints what came of it.
#include "net/curl_transport.hpp"
#include "registry/reference.hpp"
#include "sync/engine.hpp"
#include "sys/real_clock.hpp"
#include "sys/signals.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace mirrorctl;

std::string file_text(const std::string& path) {
    std::ifstream file(path);
    return path == "-" ? std::string() : std::string(std::istreambuf_iterator<char>(file), {});
}

// SYNC_HOSTS names a file with lines "HOST http|https|insecure USER PASSWORD CA CERTIFICATE KEY", "-" for
// none.
class Listed final : public sync::Logins {
  public:
    Listed() {
        const char* path = std::getenv("SYNC_HOSTS");
        std::istringstream lines(path ? file_text(path) : std::string());
        std::string host, how, user, password, ca, cert, key;
        while (lines >> host >> how >> user >> password >> ca >> cert >> key) {
            if (user != "-") logins_[host] = {.user = user, .password = password, .from = "the list"};
            options_[host] = {.insecure = how == "insecure",
                              .plain_http = how == "http",
                              .ca_pem = file_text(ca),
                              .cert_pem = file_text(cert),
                              .key_pem = file_text(key)};
        }
    }
    sync::Login login(const std::string& host, const std::string&) const override {
        auto found = logins_.find(host);
        return found == logins_.end() ? sync::Login{} : found->second;
    }
    sync::HostOptions options(const std::string& host) const override {
        auto found = options_.find(host);
        return found == options_.end() ? sync::HostOptions{.plain_http = true} : found->second;
    }

  private:
    std::map<std::string, sync::Login> logins_;
    std::map<std::string, sync::HostOptions> options_;
};

// SYNC_MIRRORS: "UPSTREAM URL pull|resolve" again and again; SYNC_PLATFORMS: "os/architecture" likewise.
sync::SyncOptions options_of_environment() {
    auto text = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    sync::SyncOptions options;
    options.rate = std::atoll(text("SYNC_RATE").c_str());
    if (auto at_once = text("SYNC_CONCURRENCY"); !at_once.empty())
        options.concurrency = std::atoi(at_once.c_str());
    options.referrers = !text("SYNC_REFERRERS").empty();
    options.keep_attestations = text("SYNC_ATTESTATIONS") != "drop";
    options.create_projects = !text("SYNC_CREATE_PROJECTS").empty();
    std::istringstream mirrors(text("SYNC_MIRRORS"));
    std::string upstream, url, trust, platform;
    while (mirrors >> upstream >> url >> trust)
        options.mirrors[upstream].push_back({.mirror = {.url = parse_url(url).value(), .operator_name = {}},
                                             .may_resolve = trust == "resolve"});
    std::istringstream platforms(text("SYNC_PLATFORMS"));
    while (platforms >> platform) {
        auto slash = platform.find('/');
        options.platforms.push_back(
            {.os = platform.substr(0, slash), .architecture = platform.substr(slash + 1)});
    }
    return options;
}

void say(const std::string& what, const Error& error) {
    std::printf("%s: %s\n", what.c_str(), to_string(error).c_str());
    if (!error.hint.empty()) std::printf("HINT %s\n", error.hint.c_str());
}

class Silent final : public sync::Observer {
  public:
    void on_progress(const sync::Progress&) override {}
    void on_image(const sync::ImageResult& result) override {
        if (result.error) say("FAILED " + result.destination.str(), *result.error);
        for (const auto& note : result.notes) std::printf("NOTE %s\n", note.c_str());
    }
    void on_warning(const std::string&) override {}
};

// "host/repo:tag" or "host/repo" (all tags; parse_reference would make it :latest).
sync::Rule rule_of(const std::vector<std::string>& words) {
    auto reference = registry::parse_reference(words.front()).value();
    bool tagged =
        words.front().rfind(':') != std::string::npos && words.front().rfind(':') > words.front().rfind('/');
    sync::Rule rule{.source = {reference.registry, reference.repository}, .selector = {}, .destinations = {}};
    if (!reference.digest.empty())
        rule.selector = {.kind = sync::Selector::Kind::digest, .digest = reference.digest};
    else if (tagged)
        rule.selector = {.kind = sync::Selector::Kind::tags, .tags = {reference.tag}};
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto to = registry::parse_reference(words[i]).value();
        rule.destinations.push_back({.location = {to.registry, to.repository}});
    }
    return rule;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::vector<std::string>> groups(1);
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "--")
            groups.emplace_back();
        else
            groups.back().emplace_back(argv[i]);
    }
    std::vector<sync::Rule> rules;
    for (const auto& words : groups)
        if (words.size() >= 2) rules.push_back(rule_of(words));
    sys::note_signals();
    net::CurlTransport transport;
    sys::RealClock clock;
    Listed logins;
    Silent observer;
    sync::Engine engine({.transport = transport,
                         .clock = clock,
                         .logins = logins,
                         .observer = observer,
                         .stop_requested = [] { return sys::noted_signal() != 0; }},
                        options_of_environment());
    auto plan = engine.plan(rules);
    if (!plan) return std::printf("%s\n", to_string(plan.error()).c_str()), 1;
    for (const auto& warning : plan->warnings) std::printf("WARNING %s\n", warning.c_str());
    for (const auto& refusal : plan->refusals) say("REFUSED", refusal.error);
    auto report = engine.run(*plan);
    for (const auto& warning : report.warnings) std::printf("WARNING %s\n", warning.c_str());
    using Outcome = sync::ImageResult::Outcome;
    std::printf(
        "copied %zu mounted %zu skipped %zu failed %zu refused %zu read %lld written %lld mounts %zu\n",
        report.count(Outcome::copied), report.count(Outcome::mounted), report.count(Outcome::skipped),
        report.count(Outcome::failed), plan->refusals.size(), static_cast<long long>(report.bytes_read),
        static_cast<long long>(report.bytes_written), report.blobs_mounted);
    return report.count(Outcome::failed) + plan->refusals.size() == 0 ? 0 : 1;
}
