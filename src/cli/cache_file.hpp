// Where bench.json is: in the state directory, or for those who may not write there in their own cache
// directory.
#pragma once

#include "bench/cache.hpp"
#include "cli/node.hpp"
#include "model/warning.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace mirrorctl::cli {

// nullopt when there is none; a damaged one is reported and ignored.
std::optional<bench::RankingCache> read_cache(Node& node, std::vector<Warning>& warnings);

using CacheChange = std::function<void(bench::RankingCache&)>;
// Makes the change in what stands there now: other runs may have written since it was read. Returns the
// outcome. nullopt, and a warning, when it cannot be saved.
std::optional<bench::RankingCache> change_cache(Node& node, const CacheChange& change,
                                                std::vector<Warning>& warnings);

}  // namespace mirrorctl::cli
