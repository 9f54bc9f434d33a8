// The images that the engines of this node hold, by name.
#pragma once

#include "base/result.hpp"
#include "model/node.hpp"
#include "sys/runner.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::engines {

// Names with a tag from docker's GET /images/json ("ImageSummary" in moby's api/swagger.yaml). Errors: parse.
Result<std::vector<std::string>> parse_docker_images(std::string_view json);

// Names with a tag from `ctr images ls -q`: entries by digest only ("sha256:...", "NAME@sha256:...") are how
// CRI keeps its books, not names that anybody pulls.
std::vector<std::string> parse_ctr_images(std::string_view output);

// Of docker and of all of containerd's namespaces, sorted, each once. Errors: not_found if neither answers.
Result<std::vector<std::string>> list_images(const NodeFacts& node, sys::Runner& runner);

}  // namespace mirrorctl::engines
