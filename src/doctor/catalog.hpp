// THE list of what doctor looks at. A new check is a function in a file of its theme, a line in checks.hpp
// and one here.
#pragma once

#include "doctor/finding.hpp"
#include "doctor/scene.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace mirrorctl::doctor {

struct CheckRow {
    std::string_view code;
    Severity severity;
    std::string_view about;  // what it looks for, one line
    void (*run)(const Scene& scene, Sink& sink);
};

std::span<const CheckRow> all_checks();

// All findings, errors first, within a severity in the order of the list.
std::vector<Finding> examine(const Scene& scene);

}  // namespace mirrorctl::doctor
