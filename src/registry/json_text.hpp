// Bounds on JSON of strangers, cheap to check before anything is built.
#pragma once

#include <string_view>

namespace mirrorctl::registry {

// More than 32 levels, or more than 50000 values: 1 MiB of "{}," would become 40 MiB of tree.
bool is_unreasonable_json(std::string_view text);

}  // namespace mirrorctl::registry
