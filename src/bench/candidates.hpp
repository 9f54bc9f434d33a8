// Who takes part: the candidates of a run, from the spec.
#pragma once

#include "bench/session.hpp"
#include "bench/spec.hpp"

#include <string>
#include <vector>

namespace mirrorctl::bench {

struct Field {
    std::string upstream;
    std::vector<Candidate> candidates;  // the origin last, if it takes part
};

// In profile order. The origin is a candidate unless `fallback: none`. A candidate that cannot be asked (no
// canary, an image that is no reference) says so in `problem`.
std::vector<Field> candidates_of(const BenchSpec& spec);
Candidate make_candidate(const BenchSpec& spec, const Upstream& upstream, const Mirror& mirror,
                         bool is_origin);

// The budget with the spec's overrides.
Budget budget_of(const BenchSpec& spec);

}  // namespace mirrorctl::bench
