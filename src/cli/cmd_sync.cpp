// sync: read the rules, plan, copy, tell.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/out_file.hpp"
#include "cli/sync_apart.hpp"
#include "cli/sync_inputs.hpp"
#include "cli/sync_mirrors.hpp"
#include "cli/sync_outputs.hpp"
#include "profile/show.hpp"
#include "sync/engine.hpp"
#include "sync/login_table.hpp"
#include "ui/sync_progress.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

namespace mirrorctl::cli {

namespace {

// The engine's news, for whoever listens.
class Teller : public sync::Observer {
  public:
    explicit Teller(const SyncNews& news) : news_(news) {}

    void on_progress(const sync::Progress& progress) override {
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
        news_.state(state);
    }
    void on_image(const sync::ImageResult& result) override { news_.image(image_of(result)); }
    void on_warning(const std::string&) override {}  // all of them stand in the report

  private:
    const SyncNews& news_;
};

// The news, on stderr.
class Narrator {
  public:
    explicit Narrator(Node& node)
        : quiet_(node.global().quiet),
          verbose_(node.global().verbose),
          term_(ui::Term::of(2, node.global().color, node.world().env)),
          progress_(term_, [&node](std::string_view text) { node.world().err(text); }) {}

    SyncNews news() {
        return {.state = [this](const ui::SyncState& state) { show(state); },
                .image = [this](const ui::SyncImage& image) { show(image); }};
    }

  private:
    void show(const ui::SyncState& state) {
        if (!quiet_) progress_.update(state);
    }
    void show(const ui::SyncImage& image) {
        bool skipped = image.outcome == "skipped";
        if (quiet_ || (skipped && !verbose_)) return;
        auto word = skipped                     ? term_.dim(image.outcome)
                    : image.outcome == "failed" ? term_.red(image.outcome)
                                                : term_.green(image.outcome);
        progress_.say(cat(word, " ", printable_line(image.source, 300), " -> ",
                          printable_line(image.destination, 300)));
    }

    bool quiet_;
    bool verbose_;
    ui::Term term_;
    ui::SyncProgress progress_;
};

struct SyncJob {
    SyncInputs& inputs;
    SyncRoutes& routes;
    const sync::LoginTable& logins;
};

ExitCode sync_exit_code(const ui::SyncDocument& document) {
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
    return sync_exit_code(document);
}

// A profile's name from its file: "sites/Fab 2.yaml" -> "fab-2".
std::string profile_name(const std::string& path) {
    auto stem = path.substr(path.rfind('/') + 1);
    stem = lower(stem.substr(0, stem.rfind('.')));
    for (char& c : stem)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') c = '-';
    return stem.empty() || std::isalnum(static_cast<unsigned char>(stem.front())) == 0 ? "site" : stem;
}

// "" if no destination can serve as a mirror.
std::string profile_text(Node& node, const SyncOptions& options, const SyncInputs& inputs,
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
    return emitted.profile.upstreams.empty() ? "" : profile::to_yaml(emitted.profile);
}

// A place that cannot be written to is found before hours of copying.
Result<void> check_files(Node& node, const SyncOptions& options) {
    for (const auto& [path, what] :
         {std::pair(&options.failed_file, "the failed images"), std::pair(&options.report_file, "the report"),
          std::pair(&options.emit_profile, "the profile")})
        if (!path->empty()) TRY(check_out_file(node, {.path = *path, .what = what}));
    return {};
}

Result<void> write_files(Node& node, const SyncOptions& options, const SyncOutcome& outcome) {
    if (!outcome.profile.empty())
        TRY(write_out_file(node, {.path = options.emit_profile, .what = "the profile", .mode = 0644},
                           outcome.profile));
    if (!options.failed_file.empty())
        TRY(write_out_file(node, {.path = options.failed_file, .what = "the failed images", .mode = 0644},
                           rule_file(outcome.failed)));
    if (!options.report_file.empty())
        TRY(write_out_file(node, {.path = options.report_file, .what = "the report", .mode = 0644},
                           ui::sync_json(outcome.document)));
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

// What is only for root to read, and helpers to run, before the child begins that may do neither.
void ask_before(const SyncInputs& inputs, const SyncRoutes& routes, const sync::LoginTable& logins) {
    auto ask = [&](const sync::Location& location) {
        (void)logins.login(location.registry, location.repository);
        (void)logins.options(location.registry);
    };
    for (const auto& rule : inputs.rules) {
        ask(rule.source);
        for (const auto& destination : rule.destinations) ask(destination.location);
        auto mirrors = routes.mirrors.find(rule.source.registry);
        if (mirrors == routes.mirrors.end()) continue;
        for (const auto& host : mirrors->second)
            ask({.registry = host.mirror.url.authority(), .repository = rule.source.repository});
    }
}

// Plans and copies. In the child.
Result<SyncOutcome> copy(Node& node, const SyncOptions& options, SyncJob& job, sync::SyncContext context) {
    sync::Engine engine(std::move(context), engine_options(options, job.inputs, job.routes));
    TRY_ASSIGN(auto plan, engine.plan(job.inputs.rules));
    sync::SyncReport report;
    if (!options.dry_run) report = engine.run(plan);
    SyncOutcome outcome{.document = options.dry_run ? planned_document(plan) : document_of(plan, report),
                        .failed = failed_images(job.inputs.rules, plan, report)};
    auto& warnings = outcome.document.warnings;
    warnings.insert(warnings.end(), job.logins.warnings().begin(), job.logins.warnings().end());
    outcome.profile = profile_text(node, options, job.inputs, plan, outcome.document);
    warnings.insert(warnings.begin(), job.inputs.warnings.begin(), job.inputs.warnings.end());
    return outcome;
}

Result<SyncOutcome> copy_apart(Node& node, const SyncOptions& options, SyncInputs& inputs) {
    TRY_ASSIGN(auto routes, sync_routes(node, options, inputs));
    sync::LoginTable logins({.file = inputs.logins,
                             .docker = inputs.docker,
                             .fs = node.host(),
                             .runner = node.world().callers_runner,
                             .proxy_of = routes.proxy_of});
    ask_before(inputs, routes, logins);
    SyncJob job{.inputs = inputs, .routes = routes, .logins = logins};
    std::shared_ptr<net::Transport> transport = node.world().open_transport();
    Narrator narrator(node);
    return sync_apart(
        [&](const SyncNews& news, const std::function<bool()>& stop_requested) {
            Teller teller(news);
            return copy(node, options, job,
                        {.transport = *transport,
                         .clock = node.world().clock,
                         .logins = logins,
                         .observer = teller,
                         .stop_requested = stop_requested});
        },
        narrator.news());
}

}  // namespace

Result<ExitCode> run_sync(Node& node, const SyncOptions& options) {
    TRY_ASSIGN(auto inputs, read_sync_inputs(node, options));
    if (!inputs.errors.empty()) return finish(node, {.warnings = inputs.warnings, .errors = inputs.errors});
    TRY(check_files(node, options));
    TRY_ASSIGN(auto outcome, copy_apart(node, options, inputs));
    TRY(write_files(node, options, outcome));
    return finish(node, outcome.document);
}

}  // namespace mirrorctl::cli
