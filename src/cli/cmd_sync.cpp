// sync: read the rules, plan, copy, tell.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/out_file.hpp"
#include "cli/sync_inputs.hpp"
#include "cli/sync_mirrors.hpp"
#include "cli/sync_outputs.hpp"
#include "profile/show.hpp"
#include "sync/engine.hpp"
#include "sync/login_table.hpp"
#include "ui/sync_progress.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace mirrorctl::cli {

namespace {

// The engine's news, on stderr.
class Narrator : public sync::Observer {
  public:
    explicit Narrator(Node& node)
        : quiet_(node.global().quiet),
          verbose_(node.global().verbose),
          term_(ui::Term::of(2, node.global().color, node.world().env)),
          progress_(term_, [&node](std::string_view text) { node.world().err(text); }) {}

    void on_progress(const sync::Progress& progress) override {
        if (quiet_) return;
        ui::SyncState state{.planning = progress.phase == sync::Progress::Phase::planning,
                            .images_done = progress.images_done,
                            .images_total = progress.images_total,
                            .bytes_done = progress.bytes_done,
                            .bytes_total = progress.bytes_total,
                            .seconds = progress.seconds,
                            .rate = progress.rate};
        for (const auto& stream : progress.streams)
            state.streams.push_back(
                {.digest = stream.digest, .from = stream.from, .bytes = stream.bytes, .size = stream.size});
        progress_.update(state);
    }

    void on_image(const sync::ImageResult& result) override {
        using Outcome = sync::ImageResult::Outcome;
        bool skipped = result.outcome == Outcome::skipped;
        if (quiet_ || (skipped && !verbose_)) return;
        auto word = skipped                              ? term_.dim("skipped")
                    : result.outcome == Outcome::failed  ? term_.red("failed")
                    : result.outcome == Outcome::mounted ? term_.green("mounted")
                                                         : term_.green("copied");
        progress_.say(cat(word, " ", printable_line(result.source.str(), 300), " -> ",
                          printable_line(result.destination.str(), 300)));
    }

    void on_warning(const std::string&) override {}  // all of them stand in the report

    void end() { progress_.erase(); }

  private:
    bool quiet_;
    bool verbose_;
    ui::Term term_;
    ui::SyncProgress progress_;
};

ExitCode exit_code(const ui::SyncDocument& document) {
    if (!document.errors.empty()) return ExitCode::usage;
    if (document.interrupted) return ExitCode::failed;
    bool failed = document.count("failed") > 0;
    if (failed) return document.quota_exhausted ? ExitCode::quota : ExitCode::failed;
    return document.images.empty() ? ExitCode::nothing_selected : ExitCode::done;
}

ExitCode finish(Node& node, const ui::SyncDocument& document) {
    auto& world = node.world();
    auto term = ui::Term::of(2, node.global().color, world.env);
    if (!node.global().quiet) world.err(ui::warnings_text(document.warnings, term));
    for (const auto& error : document.errors) world.err(ui::error_text(error, term));
    auto text =
        document.errors.empty()
            ? ui::sync_text(document, ui::Term::of(1, node.global().color, world.env), node.global().verbose)
            : std::string();
    print(node, ui::sync_json(document), text);
    return exit_code(document);
}

// A profile's name from its file: "sites/Fab 2.yaml" -> "fab-2".
std::string profile_name(const std::string& path) {
    auto stem = path.substr(path.rfind('/') + 1);
    stem = lower(stem.substr(0, stem.rfind('.')));
    for (char& c : stem)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') c = '-';
    return stem.empty() || std::isalnum(static_cast<unsigned char>(stem.front())) == 0 ? "site" : stem;
}

Result<void> emit_profile(Node& node, const SyncOptions& options, const SyncInputs& inputs,
                          const sync::SyncPlan& plan, ui::SyncDocument& document) {
    if (options.emit_profile.empty()) return {};
    auto today = ui::utc_time(node.world().clock.wall()).substr(0, 10);
    auto emitted = profile_of(plan, inputs.logins, profile_name(options.emit_profile), today);
    if (!emitted.left_out.empty())
        document.warnings.push_back(
            {.code = "not_a_mirror",
             .message = cat(emitted.left_out.size(),
                            " destination(s) cannot serve as a mirror, because their path or "
                            "tag differs from the source's: ",
                            emitted.left_out.front()),
             .hint = "copy with --keep-path"});
    if (emitted.profile.upstreams.empty()) return {};
    return write_out_file(node, {.path = options.emit_profile, .what = "the profile", .mode = 0644},
                          profile::to_yaml(emitted.profile));
}

// A place that cannot be written to is found before hours of copying.
Result<void> check_files(Node& node, const SyncOptions& options) {
    for (const auto& [path, what] :
         {std::pair(&options.failed_file, "the failed images"), std::pair(&options.report_file, "the report"),
          std::pair(&options.emit_profile, "the profile")})
        if (!path->empty()) TRY(check_out_file(node, {.path = *path, .what = what}));
    return {};
}

Result<void> write_files(Node& node, const SyncOptions& options, const std::string& failed,
                         const ui::SyncDocument& document) {
    if (!options.failed_file.empty())
        TRY(write_out_file(node, {.path = options.failed_file, .what = "the failed images", .mode = 0644},
                           failed));
    if (!options.report_file.empty())
        TRY(write_out_file(node, {.path = options.report_file, .what = "the report", .mode = 0644},
                           ui::sync_json(document)));
    return {};
}

sync::SyncOptions engine_options(const SyncOptions& options, const SyncInputs& inputs, SyncRoutes& routes) {
    return {.platforms = inputs.platforms,
            .keep_attestations = options.keep_attestations,
            .allow_missing_platform = options.allow_missing_platform,
            .force = options.force,
            .create_projects = options.create_projects,
            .concurrency = options.concurrency,
            .rate = options.rate,
            .retries = options.retries,
            .mirrors = std::move(routes.mirrors),
            .user_agent = cat("mirrorctl/", MIRRORCTL_VERSION)};
}

Result<ui::SyncDocument> copy(Node& node, const SyncOptions& options, SyncInputs& inputs) {
    TRY_ASSIGN(auto routes, sync_routes(node, options, inputs));
    auto transport = node.world().open_transport();
    sync::LoginTable logins({.file = inputs.logins,
                             .docker = inputs.docker,
                             .fs = node.host(),
                             .runner = node.world().callers_runner,
                             .proxy_of = routes.proxy_of});
    Narrator narrator(node);
    sync::Engine engine({.transport = *transport,
                         .clock = node.world().clock,
                         .logins = logins,
                         .observer = narrator,
                         .stop_requested = node.world().stop_requested},
                        engine_options(options, inputs, routes));
    TRY_ASSIGN(auto plan, engine.plan(inputs.rules));
    sync::SyncReport report;
    if (!options.dry_run) report = engine.run(plan);
    narrator.end();
    auto document = options.dry_run ? planned_document(plan) : document_of(plan, report);
    document.warnings.insert(document.warnings.end(), logins.warnings().begin(), logins.warnings().end());
    TRY(emit_profile(node, options, inputs, plan, document));
    document.warnings.insert(document.warnings.begin(), inputs.warnings.begin(), inputs.warnings.end());
    TRY(write_files(node, options, failed_rules(inputs.rules, plan, report), document));
    return document;
}

}  // namespace

Result<ExitCode> run_sync(Node& node, const SyncOptions& options) {
    TRY_ASSIGN(auto inputs, read_sync_inputs(node, options));
    if (!inputs.errors.empty()) return finish(node, {.warnings = inputs.warnings, .errors = inputs.errors});
    TRY(check_files(node, options));
    TRY_ASSIGN(auto document, copy(node, options, inputs));
    return finish(node, document);
}

}  // namespace mirrorctl::cli
