// Everything on this node that pulls images, what it reads, and whether the mirrors written there count.
#pragma once

#include "doctor/scene.hpp"

#include <string>
#include <vector>

namespace mirrorctl::doctor {

struct Consumer {
    std::string name;  // "dockerd", "containerd CRI", "nerdctl", "ctr", "buildx", "builder NAME"
    std::vector<std::string> reads = {};
    std::string live = "unknown";  // yes | pending | no | unknown: are there mirrors that it uses now?
    std::string detail = {};       // what shadows them, or what is missing
};

// Only those that are installed.
std::vector<Consumer> find_consumers(const Scene& scene);

}  // namespace mirrorctl::doctor
