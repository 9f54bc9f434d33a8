// After `ttl`: are the mirrors in use still what they usually are? Then nobody else needs to be asked. Pure.
#pragma once

#include "bench/cache.hpp"
#include "bench/spec.hpp"
#include "model/report.hpp"

#include <string>
#include <vector>

namespace mirrorctl::bench {

// Of input.upstreams, whose ranking is too old, those where measuring the mirrors in use alone may be enough:
// they are usable by the last ranking, their history in this network is of two runs at least, and a race of
// all is not long ago.
std::vector<std::string> may_confirm(const RankingCache& cache, const CacheKey& key,
                                     const FreshnessInput& input);

// `spec` for those upstreams with nobody but the mirrors in use, and little to spend.
BenchSpec for_incumbents(BenchSpec spec, const std::vector<std::string>& upstreams,
                         const std::vector<Current>& current);

// The upstreams of such a run that need no race: every mirror in use serves, and the first one is not slower
// than usual by more than `switch_margin`. Their entries in `report` get everyone of the profile back, as not
// asked; the others are taken out of it.
std::vector<std::string> confirmed_of(Report& report, const RankingCache& cache, const FreshnessInput& input,
                                      const Profile& profile);

// The mirrors in use were measured `alone`, and a race of all followed. What is left of their requests is
// often too little to be measured in there: what they showed alone counts then.
void keep_alone(Report& raced, const Report& alone);

// As `merge`, but the time of the last race of all stays.
RankingCache merge_confirmed(RankingCache cache, const CacheKey& key, Report& report, const Policy& policy);

}  // namespace mirrorctl::bench
