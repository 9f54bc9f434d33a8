// profile list, show, lint.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "profile/lint.hpp"
#include "profile/show.hpp"

#include <ctime>

namespace mirrorctl::cli {

Result<ExitCode> run_profile_list(Node& node) {
    std::vector<ui::ProfileEntry> entries;
    for (const auto& summary : profile::list_profiles(node.fs()))
        entries.push_back(
            {.name = summary.name,
             .from = summary.from,
             .as_of = summary.as_of,
             .description = summary.error.empty() ? summary.description : "cannot be used: " + summary.error,
             .upstreams = summary.upstreams,
             .mirrors = summary.mirrors});
    print(node, ui::profiles_json(entries), ui::profiles_text(entries, stdout_term(node)));
    return ExitCode::done;
}

Result<ExitCode> run_profile_show(Node& node, const ProfileShowOptions& options) {
    TRY_ASSIGN(auto loaded, node.load_profile(options.profile));
    if (!node.global().quiet)
        node.world().err(
            ui::warnings_text(loaded.warnings, ui::Term::of(2, node.global().color, node.world().env)));
    auto text = profile::to_yaml(loaded.profile);
    print(node, ui::text_json("profile-show", "profile", text), text);
    return ExitCode::done;
}

Result<ExitCode> run_profile_lint(Node& node, const ProfileLintOptions& options) {
    auto today = ui::utc_time(node.world().clock.wall()).substr(0, 10);
    TRY_ASSIGN(auto findings, profile::lint(node.sources(), options.file, today));
    std::vector<ui::LintEntry> entries;
    bool failed = false;
    for (const auto& finding : findings) {
        bool is_error = finding.level == profile::Level::error;
        failed = failed || is_error;
        entries.push_back({.is_error = is_error,
                           .where = finding.location,
                           .message = finding.message,
                           .hint = finding.hint});
    }
    print(node, ui::lint_json(options.file, entries),
          ui::lint_text(options.file, entries, stdout_term(node)));
    return failed ? ExitCode::failed : ExitCode::done;
}

}  // namespace mirrorctl::cli
