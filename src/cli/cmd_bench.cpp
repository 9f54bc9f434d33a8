// bench: measure and rank, change nothing.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/measure.hpp"
#include "cli/out_file.hpp"
#include "cli/proxy.hpp"
#include "model/json/report_json.hpp"
#include "ui/page.hpp"

#include <algorithm>

namespace mirrorctl::cli {

Result<ExitCode> run_bench(Node& node, const BenchOptions& options) {
    TRY_ASSIGN(auto loaded, node.load_profile(options.profile));
    note_profile(node, loaded.profile);
    TRY_ASSIGN(auto proxy, desired_proxy(node, options.proxy, loaded.profile));
    auto upstreams = options.profile.upstreams;
    if (upstreams.empty())
        for (const auto& upstream : loaded.profile.upstreams) upstreams.push_back(upstream.name);
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
