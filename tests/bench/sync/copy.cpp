// The copy engine alone, without rule files and logins: `copy [--plan] SOURCE DESTINATION...` per line of
// arguments, separated by `--`. A source without tag means all tags. Prints what came of it.
#include "net/curl_transport.hpp"
#include "registry/reference.hpp"
#include "sync/engine.hpp"
#include "sys/real_clock.hpp"
#include "sys/signals.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace mirrorctl;

class Anonymous final : public sync::Logins {
  public:
    sync::Login login(const std::string&, const std::string&) const override { return {}; }
    sync::HostOptions options(const std::string&) const override { return {.plain_http = true}; }
};

class Silent final : public sync::Observer {
  public:
    void on_progress(const sync::Progress&) override {}
    void on_image(const sync::ImageResult& result) override {
        if (result.error)
            std::printf("FAILED %s: %s\n", result.destination.str().c_str(),
                        to_string(*result.error).c_str());
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
    Anonymous logins;
    Silent observer;
    sync::SyncOptions options;
    if (const char* rate = std::getenv("SYNC_RATE")) options.rate = std::atoll(rate);
    if (const char* at_once = std::getenv("SYNC_CONCURRENCY")) options.concurrency = std::atoi(at_once);
    options.referrers = std::getenv("SYNC_REFERRERS") != nullptr;
    sync::Engine engine({.transport = transport,
                         .clock = clock,
                         .logins = logins,
                         .observer = observer,
                         .stop_requested = [] { return sys::noted_signal() != 0; }},
                        options);
    auto plan = engine.plan(rules);
    if (!plan) return std::printf("%s\n", to_string(plan.error()).c_str()), 1;
    for (const auto& refusal : plan->refusals) std::printf("REFUSED %s\n", to_string(refusal.error).c_str());
    auto report = engine.run(*plan);
    using Outcome = sync::ImageResult::Outcome;
    std::printf(
        "copied %zu mounted %zu skipped %zu failed %zu refused %zu read %lld written %lld mounts %zu\n",
        report.count(Outcome::copied), report.count(Outcome::mounted), report.count(Outcome::skipped),
        report.count(Outcome::failed), plan->refusals.size(), static_cast<long long>(report.bytes_read),
        static_cast<long long>(report.bytes_written), report.blobs_mounted);
    return report.count(Outcome::failed) + plan->refusals.size() == 0 ? 0 : 1;
}
