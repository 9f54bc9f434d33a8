// From a document to one tree: `extends` followed and merged, variables put in.
#pragma once

#include "model/warning.hpp"
#include "profile/load.hpp"
#include "profile/store.hpp"

#include <vector>

namespace mirrorctl::profile {

// Checks the shape of every document on the way. Upstreams, variables and settings merge by key, mirrors by
// URL, everything else is replaced; later entries of `extends` win over earlier ones and the document itself
// over all. A document's own mirrors stand in front of those that it inherits. `schema`, `name`,
// `description`, `example` are not inherited.
Node merged_tree(const Store& store, const Document& document, Problems& problems);

// ${name} in all texts under `upstreams` and `proxy`. A variable without a value: the list entry (mirror,
// canary) or the setting of `proxy` that needs it is left out with a warning (code variable_unset), unless it
// is required or nothing can be left out.
std::vector<Warning> substitute(Node& tree, const Variables& variables, Problems& problems);

// For lint: every variable without a value gets its `example`, or its name in a form that can stand in a host
// name.
Variables stand_ins(const Node& tree);

}  // namespace mirrorctl::profile
