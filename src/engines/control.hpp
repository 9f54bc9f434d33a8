// The running engines as a transaction needs them; the member functions mirror txn::EngineControl, so that
// the adapter is one line each.
#pragma once

#include "base/result.hpp"
#include "engines/activation.hpp"
#include "engines/start.hpp"
#include "engines/verify.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"

#include <optional>
#include <string>

namespace mirrorctl::engines {

class Control {
  public:
    explicit Control(const Session& session) : session_(session) {}

    // The engines' own validation of the files as they stand now. Value: a note for people, may be empty.
    // Errors: check_failed, conflict. In another root nothing is executed.
    Result<std::string> check_before(const Plan& plan) const;
    // A deferred activation, and one without consent, is the result `deferred`. After a restart the main
    // process must be another one. Errors: activation_failed.
    Result<DoneActivation> activate(const Activation& activation, Way way) const;
    Result<void> verify(const Check& check) const { return engines::verify(check, session_); }
    // Seconds since 1970; nullopt if it does not run or cannot be asked.
    std::optional<double> started_at(const std::string& unit) const;
    // Where no systemd tells how a start went: the process is there, or it is not.
    UnitStart start_of(const std::string& unit) const;

  private:
    Session session_;
};

}  // namespace mirrorctl::engines
