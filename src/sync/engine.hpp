// Copies images between registries: plan first, then stream. One thread, no temp files; memory is bound by
// `concurrency` streams.
#pragma once

#include "base/result.hpp"
#include "model/profile.hpp"
#include "net/transport.hpp"
#include "registry/manifest.hpp"
#include "sync/logins.hpp"
#include "sync/observer.hpp"
#include "sync/plan.hpp"
#include "sync/report.hpp"
#include "sync/rule.hpp"
#include "sys/clock.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirrorctl::sync {

// A place that may be read instead of the upstream itself.
struct ReadHost {
    Mirror mirror;
    bool may_resolve = false;  // its word on tags counts; else it is asked by digest only
    std::string ca_pem = {};
};

struct SyncOptions {
    std::vector<registry::Platform> platforms =
        {};                         // empty fields match all; empty list: everything, untouched
    bool keep_attestations = true;  // of images that are kept; false: the index is written without them
    bool filters() const { return !platforms.empty() || !keep_attestations; }
    bool allow_missing_platform = false;
    bool force = false;            // push the tag although the destination has the same digest
    bool create_projects = false;  // Harbor
    bool referrers = true;         // signatures and such, by the referrers API and its fallback tag
    int concurrency = 8;           // blobs and images under way at once
    std::int64_t rate = 0;         // bytes read per second, 0 = no limit
    int retries = 4;               // per request, with growing pauses
    std::map<std::string, std::vector<ReadHost>> mirrors =
        {};  // by upstream, fastest first; the upstream itself is the last resort
    std::string user_agent = {};
};

struct SyncContext {
    net::Transport& transport;
    sys::Clock& clock;
    const Logins& logins;
    Observer& observer;
    std::function<bool()> stop_requested;
};

class Engine {
  public:
    Engine(SyncContext context, SyncOptions options);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Asks sources and destinations and moves nothing. What cannot be done is a refusal in the plan, not an
    // error. Errors: interrupted.
    Result<SyncPlan> plan(const std::vector<Rule>& rules);
    // Does the plan that this engine made last. An interrupted run leaves no partial tag: a tag is written
    // last.
    SyncReport run(const SyncPlan& plan);

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace mirrorctl::sync
