// /etc/mirrorctl/config.yaml: what this node wants by default, so that the timer, `status` and a bare `apply`
// know it.
#pragma once

#include "base/result.hpp"
#include "sys/fs.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::profile {

enum class Restart { never, if_safe, always };

struct NodeConfig {
    bool present = false;  // the file exists
    std::string profile = {};
    std::map<std::string, std::string> vars = {};
    std::vector<std::string> targets = {};
    Restart restart = Restart::if_safe;
    std::string site = {};
    std::string contact = {};  // an address for complaints: goes into the User-Agent
    bool spread = true;        // near-equal mirrors in an order that differs from node to node
};

inline constexpr std::string_view kConfigPath = "/etc/mirrorctl/config.yaml";

// An absent file gives the defaults. Errors: parse and duplicate_key with file, line and column;
// permission_denied, io.
Result<NodeConfig> load_config(const sys::FsReader& root);

std::string_view name_of(Restart restart);

}  // namespace mirrorctl::profile
