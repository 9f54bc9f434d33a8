// How we introduce ourselves to every server.
#pragma once

#include "profile/config.hpp"

#include <string>

namespace mirrorctl::cli {

// "mirrorctl/1.2.3 (measures registry mirrors; contact: noc@example.org)": what this is, and where to
// complain - config.yaml's `contact`, else whoever runs the node.
std::string user_agent(const profile::NodeConfig& config);

}  // namespace mirrorctl::cli
