// The one place that writes target files: a Plan goes in, a Receipt comes out.
//
//   check all files -> journal -> directories -> temps -> swap each file -> daemon's own check -> activate ->
//   verify -> commit
//
// Any error after the journal is active runs the inverse plan through the same steps. A process that dies at
// any point leaves every single file wholly old or wholly new, and recover() (recover.hpp) finishes or undoes
// the rest.
#pragma once

#include "base/result.hpp"
#include "engines/start.hpp"
#include "model/event.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "sys/clock.hpp"
#include "sys/fs.hpp"
#include "txn/state_dir.hpp"

#include <functional>
#include <optional>
#include <string>

namespace mirrorctl::txn {

enum class Direction { forward, back };

// The running engines as a transaction needs them.
class EngineControl {
  public:
    virtual ~EngineControl() = default;
    // The daemons' own validation of the files as they stand now (dockerd --validate), before any activation.
    // Value: a note for people, may be empty. Errors: check_failed.
    virtual Result<std::string> check_before(const Plan& plan) = 0;
    // Makes one engine take the files as they stand now. `deferred` is a result, not an error. On the way
    // back the unit may be dead and at its start limit: the limit is reset first and an inactive unit that
    // was active before is started again. Errors: activation_failed.
    virtual Result<DoneActivation> activate(const Activation& activation, Direction direction) = 0;
    // Waits until the running engine says what the check expects. Errors: activation_failed.
    virtual Result<void> verify(const Check& check) = 0;
    // When the unit last started, seconds since 1970; nullopt if it does not run or cannot be asked.
    virtual std::optional<double> started_at(const std::string& unit) = 0;
    // How the last start of the unit went; one that is still starting is waited for.
    virtual engines::UnitStart await_start(const std::string& unit) = 0;
};

struct TxnContext {
    sys::Fs& fs;  // the root that is written to
    const StateDir& state;
    const sys::Lock& lock;  // taken by lock_state and held for the whole call
    EngineControl& engines;
    const sys::Clock& clock;
    std::string root = "/";  // must equal the plan's
    std::string actor = {};  // "root (sudo by alice)"
    std::string boot_id = {};
    std::function<bool()> stop_requested = {};  // asked between steps; true: roll back, error `interrupted`
    Observer* observer = nullptr;
    // False: an engine was down before; that it stays down on the way back is a warning.
    bool engines_were_up = true;
};

// Never throws and never leaves the outcome open:
//   unchanged    an empty plan, or `error` says why nothing was written (stale_plan, unsafe_path,
//   permission_denied, no_space ...) committed    durable; `warnings` may say more rolled_back  `error` says
//   why; every file is as it was stuck        `error` says what could not be restored, its hint is the manual
//   step; the journal stays for recover()
Receipt execute(const TxnContext& context, const Plan& plan);

}  // namespace mirrorctl::txn
