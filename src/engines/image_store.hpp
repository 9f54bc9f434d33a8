// What files tell about dockerd's image store.
#pragma once

#include "model/node.hpp"
#include "sys/fs.hpp"

#include <string>

namespace mirrorctl::engines {

// The settings that dockerd looks at when it starts (moby daemon/image_store_choice.go): daemon.json, then
// the flags that `docker` already holds, then DOCKER_DRIVER of its unit (`environment_driver`), which counts
// most. A daemon.json that cannot be parsed tells nothing: whoever edits it says what is wrong.
DockerStoreFacts read_store_facts(const sys::FsReader& fs, const DockerFacts& docker,
                                  const std::string& environment_driver);

}  // namespace mirrorctl::engines
