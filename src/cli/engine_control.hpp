// The running engines of this node, as a transaction asks for them.
#pragma once

#include "cli/node.hpp"
#include "engines/control.hpp"
#include "txn/executor.hpp"

namespace mirrorctl::cli {

// Costs nothing until the first question: a run that changes nothing asks none.
class LiveEngines : public txn::EngineControl {
  public:
    explicit LiveEngines(Node& node) : node_(node) {}

    Result<std::string> check_before(const Plan& plan) override { return control().check_before(plan); }
    Result<DoneActivation> activate(const Activation& activation, txn::Direction direction) override {
        return control().activate(
            activation, direction == txn::Direction::back ? engines::Way::back : engines::Way::forward);
    }
    Result<void> verify(const Check& check) override { return control().verify(check); }
    std::optional<double> started_at(const std::string& unit) override { return control().started_at(unit); }
    // Before anything else is asked: what is asked while an engine starts is outdated afterwards.
    engines::UnitStart await_start(const std::string& unit) override {
        if (!node_.facts().systemd) return control().start_of(unit);
        return engines::await_start(unit, node_.world().runner, node_.world().clock);
    }

  private:
    engines::Control control() {
        return engines::Control({.node = node_.asked_facts(),
                                 .fs = node_.fs(),
                                 .runner = node_.world().runner,
                                 .clock = node_.world().clock});
    }

    Node& node_;
};

}  // namespace mirrorctl::cli
