// What is wrong, risky or stale in a profile file, beyond what makes it unloadable.
#pragma once

#include "base/result.hpp"
#include "profile/load.hpp"

#include <string>
#include <vector>

namespace mirrorctl::profile {

enum class Level { error, warning };

struct Finding {
    Level level = Level::warning;
    std::string code;  // stable, snake_case: "dead_mirror", "wrong_upstream", "stale" ...
    Location location;
    std::string message;
    std::string hint = {};
};

// Findings in the file itself (not in what it extends), by line. `today` is YYYY-MM-DD. A file that cannot be
// loaded gives all its errors as findings; required variables need not be set. Errors: unknown_profile,
// permission_denied, io (it cannot be read).
Result<std::vector<Finding>> lint(const Sources& sources, const std::string& name_or_path,
                                  const std::string& today);

std::string_view name_of(Level level);

}  // namespace mirrorctl::profile
