// What refers to an image where it comes from: signatures and such.
#pragma once

#include "sync/state.hpp"

#include <optional>
#include <string>

namespace mirrorctl::sync {

// nullopt: nothing does. `retries`: -1 = as the host's. Errors: as Repository::referrers of the last place
// that was asked.
Result<std::optional<registry::Manifest>> list_referrers(Engine::State& state, const Location& source,
                                                         const std::string& digest, int retries = -1);

}  // namespace mirrorctl::sync
