// What the shipped profiles know of a host, for checks that may not see profiles.
#pragma once

#include "doctor/scene.hpp"

namespace mirrorctl::cli {

doctor::Knowledge mirror_knowledge();

}  // namespace mirrorctl::cli
