// Where bench.json is: in the state directory, or for those who may not write there in their own cache
// directory.
#pragma once

#include "bench/cache.hpp"
#include "cli/node.hpp"
#include "model/warning.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::cli {

// nullopt when there is none; a damaged one is reported and ignored.
std::optional<bench::RankingCache> read_cache(Node& node, std::vector<Warning>& warnings);
void write_cache(Node& node, const bench::RankingCache& cache, std::vector<Warning>& warnings);

}  // namespace mirrorctl::cli
