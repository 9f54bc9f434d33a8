// A resolved profile as canonical YAML that loads again.
#pragma once

#include "model/profile.hpp"

#include <string>

namespace mirrorctl::profile {

// Fixed key order, credentials of proxies masked.
std::string to_yaml(const Profile& profile);

}  // namespace mirrorctl::profile
