// The running engines of this node, as a transaction asks for them.
#pragma once

#include "cli/node.hpp"
#include "engines/control.hpp"
#include "txn/executor.hpp"

namespace mirrorctl::cli {

class LiveEngines : public txn::EngineControl {
  public:
    explicit LiveEngines(Node& node)
        : control_({.node = node.asked_facts(),
                    .fs = node.fs(),
                    .runner = node.world().runner,
                    .clock = node.world().clock}) {}

    Result<std::string> check_before(const Plan& plan) override { return control_.check_before(plan); }
    Result<DoneActivation> activate(const Activation& activation, txn::Direction direction) override {
        return control_.activate(
            activation, direction == txn::Direction::back ? engines::Way::back : engines::Way::forward);
    }
    Result<void> verify(const Check& check) override { return control_.verify(check); }
    std::optional<double> started_at(const std::string& unit) override { return control_.started_at(unit); }

  private:
    engines::Control control_;
};

}  // namespace mirrorctl::cli
