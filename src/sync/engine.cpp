#include "sync/engine.hpp"

#include "sync/copier.hpp"
#include "sync/planner.hpp"

#include <utility>

namespace mirrorctl::sync {

Engine::Engine(SyncContext context, SyncOptions options)
    : state_(std::make_unique<State>(std::move(context), std::move(options))) {}
Engine::~Engine() = default;

Result<SyncPlan> Engine::plan(const std::vector<Rule>& rules) {
    SyncPlan plan;
    double began = state_->loop.now();
    state_->trees.clear();
    state_->there.clear();
    state_->tags.clear();
    state_->loop.run([&] { plan = Planner(*state_, rules).run(); },
                     [&] {
                         state_->context.observer.on_progress(
                             {.phase = Progress::Phase::planning, .seconds = state_->loop.now() - began});
                     });
    if (state_->loop.stopping())
        return Failure(Error{.code = ErrorCode::interrupted, .message = "interrupted: nothing was copied"});
    return plan;
}

SyncReport Engine::run(const SyncPlan& plan) {
    SyncReport report;
    Copier copier(*state_, plan);
    state_->loop.run([&] { report = copier.run(); }, [&] { copier.tell_progress(); });
    return report;
}

}  // namespace mirrorctl::sync
