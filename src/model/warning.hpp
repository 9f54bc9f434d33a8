// Something that a person should know and can act on.
#pragma once

#include <string>

namespace mirrorctl {

struct Warning {
    std::string code;     // stable, snake_case
    std::string message;  // printable, secrets masked
    std::string hint = {};
    bool operator==(const Warning&) const = default;
};

}  // namespace mirrorctl
