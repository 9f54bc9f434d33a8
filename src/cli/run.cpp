#include "cli/run.hpp"

#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/metrics_file.hpp"
#include "cli/parse.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::cli {

namespace {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

Result<ExitCode> dispatch(Node& node, const CommandOptions& options) {
    return std::visit(Overload{[&](const OverviewOptions&) { return run_overview(node); },
                               [&](const ApplyOptions& o) { return run_apply(node, o); },
                               [&](const BenchOptions& o) { return run_bench(node, o); },
                               [&](const StatusOptions& o) { return run_status(node, o); },
                               [&](const DoctorOptions& o) { return run_doctor(node, o); },
                               [&](const ExplainOptions& o) { return run_explain(node, o); },
                               [&](const RollbackOptions& o) { return run_rollback(node, o); },
                               [&](const ResetOptions& o) { return run_reset(node, o); },
                               [&](const RecoverOptions& o) { return run_recover(node, o); },
                               [&](const HistoryOptions&) { return run_history(node); },
                               [&](const TargetsOptions&) { return run_targets(node); },
                               [&](const ProfileListOptions&) { return run_profile_list(node); },
                               [&](const ProfileShowOptions& o) { return run_profile_show(node, o); },
                               [&](const ProfileLintOptions& o) { return run_profile_lint(node, o); },
                               [&](const SyncOptions& o) { return run_sync(node, o); },
                               [&](const CompletionOptions& o) { return run_completion(node, o); }},
                      options);
}

// Commands whose document always has the fields of a run, errors included.
bool is_run(const std::string& command) {
    static constexpr std::array<std::string_view, 5> kRuns{"apply", "plan", "rollback", "reset", "recover"};
    return std::find(kRuns.begin(), kRuns.end(), command) != kRuns.end();
}

int report_error(World& world, const Invocation& invocation, const Error& error) {
    const auto& global = invocation.global;
    if (global.json)
        world.out(is_run(invocation.command) ? ui::run_json({.command = invocation.command,
                                                             .has_diff = invocation.command == "plan",
                                                             .error = error})
                                             : ui::error_json(invocation.command, error));
    world.err(ui::error_text(error, ui::Term::of(2, global.color, world.env)));
    return static_cast<int>(exit_code(error));
}

// A command that only tells something has failed when its words are lost (a full disk behind ">"). What one
// that changes something has done stays done, and its exit code says so.
int without_lost_output(World& world, const Invocation& invocation, int status) {
    static constexpr std::array<std::string_view, 5> kChanging{"apply", "rollback", "reset", "recover",
                                                               "sync"};
    int lost = world.lost_output();
    if (lost == 0) return status;
    world.err(ui::error_text(errno_error(lost, "cannot write", "stdout"),
                             ui::Term::of(2, invocation.global.color, world.env)));
    bool changes = std::find(kChanging.begin(), kChanging.end(), invocation.command) != kChanging.end();
    return status == 0 && !changes ? static_cast<int>(ExitCode::failed) : status;
}

// What is known of the invocation when it does not parse: --json must be honoured all the same.
Invocation unparsed(const std::vector<std::string>& arguments) {
    Invocation invocation;
    invocation.command = "error";
    invocation.global.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    for (const auto& word : arguments)
        if (is_run(word)) {
            invocation.command = word;
            break;
        }
    return invocation;
}

}  // namespace

void note_profile(Node& node, const Profile& profile) {
    node.record().profile = profile.name;
    node.record().profile_as_of = profile.as_of;
}

ui::Term stdout_term(Node& node) {
    return ui::Term::of(1, node.global().color, node.world().env);
}

void print(Node& node, const std::string& json, const std::string& text) {
    if (node.global().json) {
        node.world().out(json);
    } else if (!node.global().quiet) {
        node.world().out(text);
    }
}

ExitCode finish_run(Node& node, const ui::RunDocument& document) {
    auto& world = node.world();
    if (!document.planned_only) {
        node.record().changed = document.receipt.outcome == Outcome::committed;
        node.record().pending = document.receipt.pending.size();
    }
    auto err_term = ui::Term::of(2, node.global().color, world.env);
    auto out_term = ui::Term::of(1, node.global().color, world.env);
    if (!node.global().quiet) {
        world.err(ui::warnings_text(ui::all_warnings(document), err_term));
    }
    auto text = document.has_diff ? ui::colored_diff(document.diff, out_term) : std::string();
    print(node, ui::run_json(document), text + ui::run_text(document, out_term));
    if (document.error) world.err(ui::error_text(*document.error, err_term));
    return exit_code(document.receipt);
}

int run(World& world, const std::vector<std::string>& arguments) {
    double started = world.clock.now();
    auto parsed = parse(arguments);
    if (!parsed) return report_error(world, unparsed(arguments), parsed.error());
    if (const auto* answer = std::get_if<Answer>(&*parsed)) {
        world.out(answer->text);
        return without_lost_output(world, {}, 0);
    }
    const auto& invocation = std::get<Invocation>(*parsed);
    auto broken_config =
        std::holds_alternative<DoctorOptions>(invocation.options) ? BrokenConfig::keep : BrokenConfig::refuse;
    auto node = Node::open(world, invocation.global, broken_config);
    if (!node) {
        int status = report_error(world, invocation, node.error());
        write_metrics(world, invocation, {}, {.exit_code = status, .started = started});
        return status;
    }
    auto code = dispatch(**node, invocation.options);
    int status = code ? static_cast<int>(*code) : report_error(world, invocation, code.error());
    status = without_lost_output(world, invocation, status);
    write_metrics(world, invocation, (*node)->record(), {.exit_code = status, .started = started});
    return status;
}

}  // namespace mirrorctl::cli
