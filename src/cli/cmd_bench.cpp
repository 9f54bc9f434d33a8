// bench: measure and rank, change nothing.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/measure.hpp"
#include "cli/out_file.hpp"
#include "cli/proxy.hpp"
#include "model/json/report_json.hpp"
#include "registry/reference.hpp"
#include "ui/page.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// --image takes the place of one upstream's canary; without that upstream it would be measured by nobody.
Result<void> check_image(const std::string& text, const Profile& profile,
                         const std::vector<std::string>& upstreams) {
    auto image = registry::parse_reference(text);
    if (!image) {
        auto error = std::move(image).error();
        error.code = ErrorCode::usage;
        return Failure(in_context(std::move(error), "bad value for --image"));
    }
    const auto& wanted = image->registry;
    if (std::find(upstreams.begin(), upstreams.end(), wanted) != upstreams.end()) return {};
    auto hint = profile.find(wanted) != nullptr ? cat("--upstream ", wanted)
                                                : cat("profile ", profile.name, " has no upstream ", wanted,
                                                      ": name another with --profile");
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("bad value for --image: ", image->str(), " is an image of ", wanted,
                                        ", this run measures ", join(upstreams, ", ")),
                         .hint = std::move(hint)});
}

}  // namespace

Result<ExitCode> run_bench(Node& node, const BenchOptions& options) {
    TRY_ASSIGN(auto loaded, node.load_profile(options.profile));
    note_profile(node, loaded.profile);
    TRY_ASSIGN(auto proxy, desired_proxy(node, options.proxy, loaded.profile));
    auto upstreams = options.profile.upstreams;
    if (upstreams.empty())
        for (const auto& upstream : loaded.profile.upstreams) upstreams.push_back(upstream.name);
    if (!options.image.empty()) TRY(check_image(options.image, loaded.profile, upstreams));
    OutFile page{.path = options.html_file, .what = "the page", .mode = 0644};
    if (!page.path.empty()) TRY(check_out_file(node, page));
    TRY_ASSIGN(auto measured, race(node, {.profile = loaded.profile,
                                          .upstreams = upstreams,
                                          .current = {},
                                          .route = route_of(proxy, node.facts()),
                                          .image = options.image,
                                          .budget_seconds = options.budget_seconds}));
    if (!page.path.empty()) {
        TRY_ASSIGN(auto text, ui::report_page(measured.report));
        TRY(write_out_file(node, page, text));
    }
    node.record().report = measured.report;
    auto warnings = loaded.warnings;
    warnings.insert(warnings.end(), measured.warnings.begin(), measured.warnings.end());
    if (!node.global().quiet)
        node.world().err(ui::warnings_text(warnings, ui::Term::of(2, node.global().color, node.world().env)));
    print(node, report_to_json(measured.report),
          ui::report_text(measured.report, ui::Term::of(1, node.global().color, node.world().env)));
    bool usable = std::any_of(measured.report.upstreams.begin(), measured.report.upstreams.end(),
                              [](const UpstreamReport& upstream) {
                                  return std::any_of(upstream.ranking.begin(), upstream.ranking.end(),
                                                     [](const Measurement& m) { return m.usable; });
                              });
    return usable ? ExitCode::done : ExitCode::no_usable_mirror;
}

}  // namespace mirrorctl::cli
