// Activations and checks of a plan, forward and back.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "txn/executor.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::txn {

// False for what is deferred, not consented to, or nothing.
bool will_run(const Activation& activation);
bool any_will_run(const std::vector<Activation>& activations);
// A restarted engine reads its files anew: only a reload needs the interim states.
bool any_reload_will_run(const std::vector<Activation>& activations);

struct ActivationRun {
    std::vector<DoneActivation> done = {};   // one per activation that was looked at
    std::vector<Activation> attempted = {};  // an engine was asked, with success or not
    std::optional<Error> error = {};         // activation_failed, interrupted ...; nothing is tried after it
};

// In the order of the plan. Those that will not run are reported as deferred.
ActivationRun run_activations(const TxnContext& context, const std::vector<Activation>& activations,
                              Direction direction);

// Checks of engines whose activation was deferred are left out: they still run with what they had.
Result<void> run_checks(const TxnContext& context, const std::vector<Check>& checks,
                        const std::vector<DoneActivation>& done);

// Error `interrupted` once somebody asked to stop.
Result<void> check_stop(const TxnContext& context);

void tell(const TxnContext& context, std::string what, std::string object);

}  // namespace mirrorctl::txn
