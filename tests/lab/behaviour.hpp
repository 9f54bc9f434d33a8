// Faults applied to answers.
#pragma once

#include "lab/registry.hpp"

#include <map>
#include <vector>

namespace mirrorctl::lab {

// What a mirror remembers between requests.
struct Memory {
    std::map<const Fault*, int> matched;  // requests that a fault was about so far
};

struct Exchange {
    const World& world;
    const MirrorSpec& mirror;  // its faults are the ones in force
    const HttpRequest& request;
};

// The answer of a mirror with its faults.
Reply respond(const Exchange& exchange, Memory& memory);
// The answer of the token server for a mirror with its faults.
Reply respond_token(const World& world, const HttpRequest& request);

bool has_fault(const std::vector<Fault>& faults, FaultKind kind);

}  // namespace mirrorctl::lab
