// What happens while it happens: the bench and the executor tell an Observer, the ui shows it.
#pragma once

#include "model/report.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace mirrorctl {

struct BenchStarted {
    int candidates = 0;
    double budget_s = 0;
};
// Progress of one candidate; sent at most every 100 ms per candidate.
struct CandidateProgress {
    std::string upstream;
    std::string url;
    std::string stage;  // "connecting", "token", "manifest", "blob", "measuring", "asking again"
    std::int64_t bytes = 0;
    double rate_bps = 0;
};
struct CandidateFinished {
    std::string upstream;
    Measurement measurement;
};
struct BenchFinished {
    double elapsed_s = 0;
};
struct StepDone {
    std::string what;    // "wrote", "removed", "reloaded", "restarted", "verified", "rolled back"
    std::string object;  // path or unit
};

using Event = std::variant<BenchStarted, CandidateProgress, CandidateFinished, BenchFinished, StepDone>;

class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on(const Event& event) = 0;
};

}  // namespace mirrorctl
