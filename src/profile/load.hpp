// Profiles by name or by path, complete: `extends` followed, variables put in, every value checked.
#pragma once

#include "base/result.hpp"
#include "model/profile.hpp"
#include "model/warning.hpp"
#include "sys/fs.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirrorctl::profile {

// Where profiles come from. Names: <root>/etc/mirrorctl/profiles/NAME.yaml, then those built into the
// program. Paths (they have a '/' or end in ".yaml") are host paths, read through `host`; relative ones count
// from `cwd`.
struct Sources {
    const sys::FsReader& root;
    const sys::FsReader& host;
    std::string cwd = "/";
};

struct Variables {
    std::map<std::string, std::string> given = {};   // --var: an undeclared name is an error
    std::map<std::string, std::string> config = {};  // config.yaml: undeclared names are for other profiles
};

struct LoadedProfile {
    Profile profile;
    std::string description = {};
    std::vector<Warning> warnings = {};  // code variable_unset: mirrors that were left out
};

// Errors: unknown_profile (with those that exist), parse and duplicate_key (with file, line and column),
// usage (a variable), unsupported_layout (more than 1 MiB), permission_denied, io.
Result<LoadedProfile> load_profile(const Sources& sources, const std::string& name_or_path,
                                   const Variables& variables = {});

struct ProfileSummary {
    std::string name;
    std::string as_of = {};
    std::string from = {};  // "embedded" or the path
    std::string description = {};
    int upstreams = 0;
    int mirrors = 0;         // those that need a variable included
    std::string error = {};  // why it cannot be used, "" if it can
};

// All that can be named, by name; a file in /etc/mirrorctl/profiles hides an embedded profile of that name.
std::vector<ProfileSummary> list_profiles(const sys::FsReader& root);
std::vector<std::string> profile_names(const sys::FsReader& root);

}  // namespace mirrorctl::profile
