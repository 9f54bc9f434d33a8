#include "txn/activate.hpp"

#include "base/strings.hpp"
#include "engines/verify.hpp"

#include <algorithm>

namespace mirrorctl::txn {
namespace {

// A step that this check needs did not happen.
bool waits(const Check& check, const std::vector<DoneActivation>& done) {
    bool deferred = false;
    bool reloaded = false;
    for (const auto& step : done) {
        if (step.unit != engines::unit_of(check)) continue;
        deferred = deferred || step.result == ActivationResult::deferred;
        reloaded = reloaded || (step.kind == ActivationKind::reload && step.result == ActivationResult::done);
    }
    return deferred && !(reloaded && engines::reload_suffices(check));
}

Error failed(const DoneActivation& done) {
    return {.code = ErrorCode::activation_failed,
            .message = cat("cannot ", name_of(done.kind), ": ", done.unit, ": ",
                           done.detail.empty() ? "failed" : done.detail),
            .hint = cat("systemctl status ", done.unit)};
}

DoneActivation not_run(const Activation& activation) {
    return {.unit = activation.unit,
            .kind = activation.kind,
            .result = ActivationResult::deferred,
            .detail = activation.blocked_by};
}

std::string_view past_tense(ActivationKind kind) {
    switch (kind) {
        case ActivationKind::restart:
            return "restarted";
        case ActivationKind::daemon_reload:
            return "reloaded units";
        default:
            return "reloaded";
    }
}

}  // namespace

bool will_run(const Activation& activation) {
    return activation.kind != ActivationKind::none && activation.consent && !activation.deferred;
}

bool any_will_run(const std::vector<Activation>& activations) {
    return std::any_of(activations.begin(), activations.end(), will_run);
}

bool any_reload_will_run(const std::vector<Activation>& activations) {
    return std::any_of(activations.begin(), activations.end(), [](const Activation& activation) {
        return activation.kind == ActivationKind::reload && will_run(activation);
    });
}

ActivationRun run_activations(const TxnContext& context, const std::vector<Activation>& activations,
                              Direction direction) {
    ActivationRun run;
    for (const auto& activation : activations) {
        if (activation.kind == ActivationKind::none) continue;
        if (!will_run(activation)) {
            run.done.push_back(not_run(activation));
            continue;
        }
        if (auto go_on = check_stop(context); direction == Direction::forward && !go_on) {
            run.error = std::move(go_on).error();
            return run;
        }
        run.attempted.push_back(activation);
        auto done = context.engines.activate(activation, direction);
        if (done && done->result != ActivationResult::failed) {
            if (done->result == ActivationResult::done)
                tell(context, std::string(past_tense(activation.kind)), activation.unit);
            run.done.push_back(std::move(*done));
            continue;
        }
        run.error = done ? failed(*done) : std::move(done).error();
        run.done.push_back({.unit = activation.unit,
                            .kind = activation.kind,
                            .result = ActivationResult::failed,
                            .detail = run.error->message});
        return run;
    }
    return run;
}

Result<void> run_checks(const TxnContext& context, const std::vector<Check>& checks,
                        const std::vector<DoneActivation>& done) {
    for (const auto& check : checks) {
        if (waits(check, done)) continue;
        TRY(check_stop(context));
        TRY(context.engines.verify(check));
        tell(context, "verified", check.subject);
    }
    return {};
}

Result<void> check_stop(const TxnContext& context) {
    if (!context.stop_requested || !context.stop_requested()) return {};
    return Failure(
        Error{.code = ErrorCode::interrupted, .message = "interrupted: transaction: asked to stop"});
}

void tell(const TxnContext& context, std::string what, std::string object) {
    if (context.observer)
        context.observer->on(StepDone{.what = std::move(what), .object = std::move(object)});
}

}  // namespace mirrorctl::txn
