#include "cli/user_agent.hpp"

#include "base/strings.hpp"

namespace mirrorctl::cli {

std::string user_agent(const profile::NodeConfig& config) {
    auto contact = config.contact.empty() ? std::string("whoever runs this address") : config.contact;
    return cat("mirrorctl/", MIRRORCTL_VERSION, " (measures registry mirrors; contact: ", contact, ")");
}

}  // namespace mirrorctl::cli
