// WWW-Authenticate (RFC 9110 section 11.6.1): several headers, several challenges in one header, quoted
// commas, names in any case.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::registry {

struct Challenge {
    std::string scheme;                             // lower case: "bearer", "basic"
    std::map<std::string, std::string> parameters;  // lower-case names; the first one of a name counts
    bool operator==(const Challenge&) const = default;
    // "" if there is none.
    std::string parameter(std::string_view name) const;
};

// Never fails: what does not follow the grammar is skipped. At most 16 challenges with 16 parameters each are
// kept.
std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers);

}  // namespace mirrorctl::registry
