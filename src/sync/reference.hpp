// Where images are read and where they go.
#pragma once

#include <compare>
#include <string>

namespace mirrorctl::sync {

// As docker normalises names: "nginx" is {"docker.io", "library/nginx"}; the port belongs to the registry.
struct Location {
    std::string registry;    // "docker.io", "hub.example.com:5000"
    std::string repository;  // "library/nginx"
    std::string str() const { return registry + "/" + repository; }
    auto operator<=>(const Location&) const = default;
};

// One image at its source: by tag, or by digest (then `tag`, if any, only names the copy).
struct Source {
    Location location;
    std::string tag = {};
    std::string digest = {};
    const std::string& target() const { return digest.empty() ? tag : digest; }
    std::string str() const {
        return location.str() + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
    }
    auto operator<=>(const Source&) const = default;
};

struct Destination {
    Location location;
    std::string tag = {};  // "" = the tag of the source; none there either: pushed by digest only
    std::string str() const { return location.str() + (tag.empty() ? "" : ":" + tag); }
    auto operator<=>(const Destination&) const = default;
};

}  // namespace mirrorctl::sync
