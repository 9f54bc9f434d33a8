// One line of a rule file or one reference of the command line: what to copy, and where to.
#pragma once

#include "base/error.hpp"
#include "sync/reference.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::sync {

struct Selector {
    enum class Kind { tags, pattern, digest, all };
    Kind kind = Kind::all;
    std::vector<std::string> tags = {};                      // kind tags: in the order written
    std::string pattern = {};                                // kind pattern: as written, for messages
    std::function<bool(std::string_view tag)> matches = {};  // kind pattern: must not throw
    std::string digest = {};                                 // kind digest
    std::string tag = {};                                    // kind digest: the name of the copy, or ""
};

// A list of tags with names of its own at the destination is one rule per tag. A destination's own tag
// holds for a rule that selects exactly one image; with more the rule is refused.
struct Rule {
    Location source;
    Selector selector;
    std::vector<Destination> destinations;
    mirrorctl::Location where = {};  // file and line, for messages; file "" for the command line
    std::string text = {};           // the source as the user wrote it
};

}  // namespace mirrorctl::sync
