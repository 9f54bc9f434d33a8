// Mustache templates (mustache(5)) for files that are ours from the first byte.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::text {

// Strings for {{name}}; lists for {{#name}}...{{/name}}, once per entry (an empty entry {} makes it a mere
// condition), and
// {{^name}}...{{/name}} if the list is empty. Inside a section, names that it does not have are looked up
// outside.
struct TemplateValues {
    std::map<std::string, std::string> strings = {};
    std::map<std::string, std::vector<TemplateValues>> lists = {};
};

// A file of templates/ inside the program.
struct EmbeddedTemplate {
    std::string_view name;  // "hosts.toml"
    std::string_view text;
};

// One of the quote_* functions: returns the value with its quotes.
using EscapeFunction = std::function<Result<std::string>(std::string_view)>;

// Every tag goes through `escape`. Errors: internal, for a template that is wrong: unescaped tags ({{{x}}},
// {{&x}}), partials, other delimiters, unbalanced sections, names without a value; usage, what `escape`
// refuses.
Result<std::string> render(std::string_view source, const TemplateValues& values,
                           const EscapeFunction& escape);

}  // namespace mirrorctl::text
