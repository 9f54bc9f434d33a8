// From a merged tree to a Profile: every value checked.
#pragma once

#include "model/profile.hpp"
#include "profile/node.hpp"

#include <optional>
#include <vector>

namespace mirrorctl::profile {

// Where the parts of a profile stand: the same indices as in Profile::upstreams and their mirrors.
struct UpstreamPlaces {
    Location upstream = {};
    std::vector<Location> mirrors = {};
};

struct Built {
    Profile profile;
    std::string description = {};
    bool example = false;  // it says of itself that it must be adapted first
    Location example_place = {};
    Location as_of_place = {};
    std::vector<UpstreamPlaces> places = {};
};

// Expects a tree that went through merged_tree and substitute. `loaded_from` and `sha256` stay empty.
Built build_profile(const Node& tree, Problems& problems);

// One entry of `mirrors`. nullopt after a problem.
std::optional<Mirror> build_mirror(const Node& node, Problems& problems);
// {image, digest} as a canary of `upstream`.
Canary build_canary(const Node& node, std::string_view upstream, Problems& problems);

}  // namespace mirrorctl::profile
