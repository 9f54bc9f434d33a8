#include "plan/settle.hpp"

#include <algorithm>

namespace mirrorctl::plan {

namespace {

bool changes_engine(const Activation& a) {
    return a.kind == ActivationKind::reload || a.kind == ActivationKind::restart;
}

bool runs(const Activation& a) {
    return a.consent && !a.deferred;
}

// A restart that runs covers a reload; one that waits does not keep a reload from running. Where both wait,
// the restart alone is told.
void drop_covered_reloads(std::vector<Activation>& activations) {
    auto covered = [&](const Activation& step) {
        return step.kind == ActivationKind::reload &&
               std::any_of(activations.begin(), activations.end(), [&](const Activation& other) {
                   return other.unit == step.unit && other.kind == ActivationKind::restart &&
                          (runs(other) || !runs(step));
               });
    };
    std::vector<Activation> kept;
    for (const auto& step : activations) {
        bool twice = std::any_of(kept.begin(), kept.end(), [&](const Activation& other) {
            return other.unit == step.unit && other.kind == step.kind;
        });
        if (!twice && !covered(step)) kept.push_back(step);
    }
    activations = std::move(kept);
}

}  // namespace

void settle_plan(Plan& plan, const Settle& settle) {
    for (auto& activation : plan.activations) activation = settle(activation);
    drop_covered_reloads(plan.activations);
    for (const auto& activation : plan.activations) {
        if (!changes_engine(activation) || runs(activation)) continue;
        Pending pending{.unit = activation.unit,
                        .kind = activation.kind,
                        .reason = activation.blocked_by.empty() ? activation.reason : activation.blocked_by};
        bool known = std::any_of(plan.pending.begin(), plan.pending.end(),
                                 [&](const Pending& p) { return p.unit == pending.unit; });
        if (!known) plan.pending.push_back(std::move(pending));
    }
    bool any_reloads = std::any_of(plan.activations.begin(), plan.activations.end(), [](const Activation& a) {
        return a.kind == ActivationKind::reload && runs(a);
    });
    if (any_reloads) return;
    // The way back may meet a running daemon: undo_interim stays.
    for (auto& file : plan.files) file.interim.reset();
}

}  // namespace mirrorctl::plan
