// A root and a host in memory, and short ways to load and lint a text.
#pragma once

#include "profile/lint.hpp"
#include "profile/load.hpp"
#include "support/mem_fs.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace mirrorctl::profile::testing {

inline constexpr const char* kToday = "2026-11-23";

struct World {
    support::MemFs root;
    support::MemFs host;
    Sources sources() const { return {root, host, "/home/user"}; }

    Result<LoadedProfile> load_text(const std::string& text, const Variables& variables = {}) {
        host.put("/p.yaml", text);
        return load_profile(sources(), "/p.yaml", variables);
    }
    std::vector<Finding> lint_text(const std::string& text) {
        host.put("/p.yaml", text);
        auto findings = lint(sources(), "/p.yaml", kToday);
        return findings ? *findings : std::vector<Finding>{};
    }
};

inline std::filesystem::path shipped_dir() {
    return MIRRORCTL_PROFILES;
}

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// A profile with one upstream; `mirror` is the text of one list entry, indented by six blanks.
inline std::string with_mirror(const std::string& mirror) {
    return "schema: mirrorctl.profile/1\nname: t\nas_of: 2026-11-23\nupstreams:\n  docker.io:\n    "
           "mirrors:\n" +
           mirror;
}

}  // namespace mirrorctl::profile::testing
