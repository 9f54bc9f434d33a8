#include "plan/settle.hpp"

#include "engines/verify.hpp"

#include <algorithm>

namespace mirrorctl::plan {

namespace {

bool changes_engine(const Activation& a) {
    return a.kind == ActivationKind::reload || a.kind == ActivationKind::restart;
}

bool runs(const Activation& a) {
    return a.consent && !a.deferred;
}

// Is there an activation of this unit that will not run?
bool waits(const Plan& plan, const std::string& unit) {
    return std::any_of(plan.activations.begin(), plan.activations.end(),
                       [&](const Activation& a) { return a.unit == unit && changes_engine(a) && !runs(a); });
}

}  // namespace

void settle_plan(Plan& plan, const Settle& settle) {
    for (auto& activation : plan.activations) {
        activation = settle(activation);
        if (!changes_engine(activation) || runs(activation)) continue;
        Pending pending{.unit = activation.unit,
                        .kind = activation.kind,
                        .reason = activation.blocked_by.empty() ? activation.reason : activation.blocked_by};
        bool known = std::any_of(plan.pending.begin(), plan.pending.end(),
                                 [&](const Pending& p) { return p.unit == pending.unit; });
        if (!known) plan.pending.push_back(std::move(pending));
    }
    std::erase_if(plan.checks, [&](const Check& check) { return waits(plan, engines::unit_of(check)); });
    bool any_runs = std::any_of(plan.activations.begin(), plan.activations.end(),
                                [](const Activation& a) { return changes_engine(a) && runs(a); });
    if (any_runs) return;
    // The way back may meet a running daemon: undo_interim stays.
    for (auto& file : plan.files) file.interim.reset();
}

}  // namespace mirrorctl::plan
