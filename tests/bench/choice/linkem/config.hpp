// The description of a network, one statement per line ('#' starts a comment):
//
//   seed 7
//   client 198.18.0.1 rate=25000000 queue=1000000      # bytes per second of its access link (0 = no limit),
//   bytes mirror 198.19.0.3 rate=7500000 queue=300000 delay=0.015 jitter=0.001 loss=0.0005 hole=0 v6 #
//   clients have an IPv6 route, and nothing comes back on it
//
// Clients are in 198.18.0.0/16, mirrors in 198.19.0.0/16 (RFC 2544: set aside for measurements of networks).
#pragma once

#include "path.hpp"

#include <string>

namespace linkem {

struct Config {
    std::uint64_t seed = 1;
    bool v6 = false;
    std::map<Address, MirrorPath> mirrors;
    std::map<Address, AccessLink> clients;
};

// False with a sentence in `why` if a line is not understood.
bool read_config(const std::string& file, Config& out, std::string& why);
// "rate ADDRESS BYTES_PER_SECOND" or "hole ADDRESS 0|1": changes a path while it is in use.
bool change(const std::string& command, Network& network);
std::string counts_json(const Network& network);

}  // namespace linkem
