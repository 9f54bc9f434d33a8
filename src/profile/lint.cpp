#include "profile/lint.hpp"

#include "base/strings.hpp"
#include "profile/lint_rules.hpp"
#include "profile/resolve.hpp"
#include "profile/store.hpp"
#include "profile/values.hpp"

#include <algorithm>
#include <tuple>

namespace mirrorctl::profile {

namespace {

std::vector<Finding> as_findings(const Problems& problems) {
    std::vector<Finding> out;
    for (const auto& error : problems.errors)
        out.push_back({Level::error, std::string(mirrorctl::name_of(error.code)),
                       error.location.value_or(Location{}), printable(error.message), error.hint});
    return out;
}

std::vector<Finding> lint_built(const Built& built, const std::string& file, const std::string& today) {
    std::vector<Finding> findings;
    Catalogue catalogue;
    for (std::size_t u = 0; u < built.places.size(); ++u) {
        const auto& upstream = built.profile.upstreams[u];
        lint_upstream(upstream, built.places[u].upstream, findings);
        for (std::size_t m = 0; m < built.places[u].mirrors.size(); ++m)
            lint_mirror(upstream, upstream.mirrors[m], built.places[u].mirrors[m], catalogue, findings);
    }
    if (auto day = day_number(today)) lint_age(built, *day, findings);
    std::erase_if(findings, [&](const Finding& finding) { return finding.location.file != file; });
    if (built.example)
        findings.push_back({Level::warning, "example", built.example_place,
                            "this is an example: it cannot be used as it is",
                            "copy it, put your own hosts in, remove the line `example: true`"});
    return findings;
}

}  // namespace

Result<std::vector<Finding>> lint(const Sources& sources, const std::string& name_or_path,
                                  const std::string& today) {
    Store store(sources.root, &sources.host, sources.cwd);
    auto document = store.open(name_or_path);
    Problems problems;
    if (!document) {
        if (!document.error().location) return Failure(document.error());
        problems.errors.push_back(document.error());
        return as_findings(problems);
    }
    Node tree = merged_tree(store, *document, problems);
    if (problems.errors.empty()) substitute(tree, stand_ins(tree), problems);
    Built built;
    if (problems.errors.empty()) built = build_profile(tree, problems);
    std::vector<Finding> findings = as_findings(problems);
    if (problems.errors.empty()) findings = lint_built(built, *document->tree.file, today);
    std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
        return std::tie(a.location.file, a.location.line, a.location.column) <
               std::tie(b.location.file, b.location.line, b.location.column);
    });
    return findings;
}

std::string_view name_of(Level level) {
    return level == Level::error ? "error" : "warning";
}

}  // namespace mirrorctl::profile
