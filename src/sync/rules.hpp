// Rule files as image-syncer reads them (its README, "Image sync configuration file"), and references of the
// command line, as rules. Everything that can be found wrong without asking a registry is found here.
#pragma once

#include "base/result.hpp"
#include "sync/document.hpp"
#include "sync/names.hpp"
#include "sync/rule.hpp"

#include <string>
#include <vector>

namespace mirrorctl::sync {

// Reading goes on after a mistake, so that one run shows all of them.
struct RuleList {
    std::vector<Rule> rules = {};
    std::vector<Error> errors = {};  // parse, usage (a variable that is not set), conflict; with location
};

// An object of sources; each has a destination or a list of them. Rules keep the order of the file.
RuleList read_rules(const Value& document, const ReadVariable& variable);

struct ReferenceRules {
    std::string to;          // HOST, HOST/PROJECT, HOST/PROJECT/...
    bool keep_path = false;  // the whole repository below `to`, not only its last part
};

// References as in docker pull (no tag: latest) or with the selectors of a rule file.
RuleList reference_rules(const std::vector<std::string>& references, const ReferenceRules& how);

// Two sources that would land on one name, as far as the rules themselves tell.
std::vector<Error> find_collisions(const std::vector<Rule>& rules);

// The rule as an entry of a rule file: source, and destinations with their tags.
std::string source_text(const Rule& rule);

}  // namespace mirrorctl::sync
