// The rules behind lint(): each looks at one mirror or one upstream of a profile that loads.
#pragma once

#include "profile/build.hpp"
#include "profile/lint.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mirrorctl::profile {

// What the embedded profiles know: the registries that a host mirrors, who runs it, how far it is trusted.
struct KnownHost {
    std::set<std::string> upstreams = {};
    std::string operator_name = {};
    Trust trust = Trust::verify;
};

class Catalogue {
  public:
    Catalogue();
    const KnownHost* find(const std::string& host) const;
    // The registry that a path names as its last or only component ("/v2/ghcr.io"), "" if none.
    std::string upstream_in(const std::string& path) const;

  private:
    std::map<std::string, KnownHost> hosts_;
    std::set<std::string> upstreams_;
};

void lint_mirror(const Upstream& upstream, const Mirror& mirror, const Location& at,
                 const Catalogue& catalogue, std::vector<Finding>& findings);
void lint_upstream(const Upstream& upstream, const Location& at, std::vector<Finding>& findings);
// Dates of the profile and its mirrors against `today` (days since 1970).
void lint_age(const Built& built, std::int64_t today, std::vector<Finding>& findings);

}  // namespace mirrorctl::profile
