// What dockerd takes as an entry of registry-mirrors.
#pragma once

#include "model/node.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::targets {

// Why dockerd of that version would not start with this entry, "" if it would. Follows ValidateMirror (moby
// registry/config.go, branches 20.10 and 23.0; daemon/pkg/registry/config.go since): http or https, no
// query, no fragment, no credentials, and no path before 24.0. What a version of unknown number would do
// about a path is not judged.
std::string dockerd_refusal(std::string_view entry, const std::optional<Version>& version);

}  // namespace mirrorctl::targets
