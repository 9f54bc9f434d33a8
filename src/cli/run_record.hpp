// What a run found out so far, for --metrics: filled in as it goes, because a run that fails is told of too.
#pragma once

#include "model/report.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace mirrorctl::cli {

struct RunRecord {
    std::string profile = {};
    std::string profile_as_of = {};
    std::optional<Report> report = {};
    std::optional<bool> changed = {};
    std::optional<std::size_t> pending = {};
};

}  // namespace mirrorctl::cli
