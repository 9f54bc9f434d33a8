// Profile -> JSON, for `profile show --json` and as the canonical form that is hashed.
#pragma once

#include "model/profile.hpp"

#include <string>

namespace mirrorctl {

// Compact, sorted keys, every value that has an effect or is shown; credentials of proxies masked.
// `loaded_from` and `sha256` are not in it: the same profile from a file and from the program is the same.
std::string profile_json(const Profile& profile);
// "sha256" of profile_json without the prefix "sha256:".
std::string profile_sha256(const Profile& profile);

}  // namespace mirrorctl
