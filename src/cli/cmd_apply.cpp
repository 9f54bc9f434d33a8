// apply and plan: the main job.
#include "base/strings.hpp"
#include "cli/choose.hpp"
#include "cli/command.hpp"
#include "cli/measure.hpp"
#include "cli/plan_file.hpp"
#include "cli/proxy.hpp"
#include "cli/ranking.hpp"
#include "cli/splay.hpp"
#include "cli/transaction.hpp"
#include "plan/decide.hpp"
#include "plan/planner.hpp"
#include "plan/saved.hpp"
#include "txn/drift.hpp"
#include "txn/history.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// Everything that is known once the profile is read and nothing was measured yet.
struct Job {
    profile::LoadedProfile loaded;
    std::optional<DesiredProxy> proxy;
    Ownership owned;
    Choice choice;
    std::vector<Pending> pending;
    engines::RestartPolicy restart = engines::RestartPolicy::if_safe;
    std::string ranking_text = {};  // of standard input
};

Result<Job> prepare(Node& node, const ApplyOptions& options) {
    Job job;
    TRY_ASSIGN(job.restart, node.restart_policy(options.restart));
    TRY_ASSIGN(job.loaded, node.load_profile(options.profile));
    note_profile(node, job.loaded.profile);
    TRY_ASSIGN(job.proxy, desired_proxy(node, options.proxy, job.loaded.profile));
    TRY_ASSIGN(job.owned, txn::ownership(node.state_view()));
    TRY_ASSIGN(job.choice, choose(node, job.loaded.profile, options, job.proxy.has_value(), job.owned));
    TRY_ASSIGN(job.pending, open_pending(node));
    return job;
}

// The user whose ~/.docker/config.json is meant: --user, else who called sudo on this very node, else root.
std::string chosen_user(Node& node, const ApplyOptions& options) {
    if (!options.user.empty()) return options.user;
    auto sudo = node.world().env("SUDO_USER");
    return node.live() && sudo && node.facts().find_user(*sudo) != nullptr ? *sudo : "root";
}

// One line per registry is enough: what its origin said, and how long we waited for the network.
std::string why_nothing_usable(const ApplyOptions& options, const Job& job, const Report& report) {
    std::vector<std::string> parts;
    for (const auto& name : job.choice.upstreams) {
        auto part = name;
        for (const auto& upstream : report.upstreams)
            for (const auto& m : upstream.ranking)
                if (upstream.name == name && m.is_origin && !m.reason.empty())
                    part += cat(" (origin: ", printable_line(m.reason, 160), ")");
        parts.push_back(std::move(part));
    }
    return cat("no usable mirror and no usable origin: ", join(parts, ", "), ": nothing was changed",
               options.wait_seconds > 0 ? cat(", after ", format_duration(options.wait_seconds)) : "");
}

Result<plan::Decision> decide(Node& node, const ApplyOptions& options, const Job& job,
                              const Measured& measured) {
    plan::DecideInput input{.profile = job.loaded.profile,
                            .report = measured.report,
                            .scope = job.choice.upstreams,
                            .current = job.choice.current,
                            .machine_id = node.config().spread ? node.facts().machine_id : std::string(),
                            .allow_unmeasured = options.allow_unmeasured || options.offline};
    auto decision = plan::decide(input);
    if (!decision.anything_usable && !job.choice.upstreams.empty())
        return Failure(Error{.code = ErrorCode::no_usable_mirror,
                             .message = why_nothing_usable(options, job, measured.report),
                             .hint = "mirrorctl bench --profile " + job.loaded.profile.name +
                                     " shows what was tried; --allow-unmeasured writes trusted "
                                     "mirrors that gave no answer"});
    decision.desired.proxy = job.proxy;
    decision.desired.user = chosen_user(node, options);
    return decision;
}

// Said by every run, and shown by status, until somebody acts.
void hold_back(Plan& plan, const txn::HeldBack& held) {
    auto message = cat(held.target, " is left alone: transaction ", held.transaction,
                       " broke an engine and was taken back: ", held.reason);
    plan.pending.push_back({.unit = "", .kind = ActivationKind::none, .reason = message});
    plan.warnings.push_back({.code = "held_back",
                             .message = std::move(message),
                             .hint = "when the cause is gone: sudo mirrorctl apply --fresh"});
}

Result<Plan> plan_for(Node& node, const ApplyOptions& options, const Job& job,
                      const plan::Decision& decision) {
    plan::PlanInput input{.fs = node.fs(),
                          .node = node.facts(),
                          .desired = decision.desired,
                          .owned = job.owned,
                          .targets = job.choice.targets,
                          .forced = job.choice.forced,
                          .allow_in_place = options.allow_in_place,
                          .pending = job.pending,
                          .settle = [&](const Activation& wanted) {
                              return engines::settle(wanted, node.facts(), job.restart);
                          }};
    TRY_ASSIGN(auto plan, plan::make_plan(input));
    // Files alone say that something must change: only now the running engines are asked, and the plan is
    // made again with that.
    if (!plan.empty() && node.live()) {
        node.asked_facts();
        TRY_ASSIGN(plan, plan::make_plan(input));
    }
    stamp(plan, node, "apply");
    plan.profile = {.name = job.loaded.profile.name,
                    .sha256 = job.loaded.profile.sha256,
                    .from = job.loaded.profile.loaded_from};
    auto& warnings = plan.warnings;
    warnings.insert(warnings.begin(), decision.warnings.begin(), decision.warnings.end());
    warnings.insert(warnings.begin(), job.loaded.warnings.begin(), job.loaded.warnings.end());
    for (const auto& held : job.choice.held) hold_back(plan, held);
    if (job.choice.targets.empty() && job.choice.held.empty())
        warnings.push_back(
            {.code = "no_engine",
             .message = "no container engine was found on this node: nothing to write",
             .hint =
                 "name what to write with --target, e.g. --target docker-daemon (see mirrorctl targets)"});
    return plan;
}

// Refuses before anything is measured what would be refused afterwards in any case: a plan without mirrors
// reads every file that the real one will.
Result<void> check_targets(Node& node, const ApplyOptions& options, const Job& job) {
    plan::Decision nothing;
    for (const auto& upstream : job.loaded.profile.upstreams) {
        const auto& scope = job.choice.upstreams;
        if (std::find(scope.begin(), scope.end(), upstream.name) == scope.end())
            nothing.desired.untouched.push_back(upstream.name);
        else
            nothing.desired.upstreams.push_back({.name = upstream.name,
                                                 .origin = upstream.origin,
                                                 .fallback = upstream.fallback,
                                                 .mirrors = {}});
    }
    nothing.desired.proxy = job.proxy;
    nothing.desired.user = chosen_user(node, options);
    auto plan = plan_for(node, options, job, nothing);
    if (!plan) return Failure(plan.error());
    return {};
}

MeasureRequest request_for(Node& node, const ApplyOptions& options, const Job& job) {
    return {.profile = job.loaded.profile,
            .upstreams = job.choice.upstreams,
            .current = job.choice.current,
            .route = route_of(job.proxy, node.facts()),
            .offline = options.offline,
            .fresh = options.fresh,
            .dry_run = options.dry_run,
            .ranking_file = options.ranking_file,
            .ranking_text = job.ranking_text,
            .wait_seconds = options.wait_seconds,
            .before_race = [&] { return check_targets(node, options, job); }};
}

Result<Measured> measure_for(Node& node, const ApplyOptions& options, const Job& job) {
    if (job.choice.upstreams.empty())
        return Measured{.report = {}, .origin_of_ranking = "nothing to measure"};
    TRY_ASSIGN(auto measured, measure(node, request_for(node, options, job)));
    node.record().report = measured.report;
    return measured;
}

// --splay: nothing is held while others take their turn, so everything is looked at anew afterwards.
bool must_wait(Node& node, const ApplyOptions& options, const Job& job) {
    return options.splay_seconds > 0 && !options.dry_run && !job.choice.upstreams.empty() &&
           will_ask(node, request_for(node, options, job));
}

ExitCode finish_plan(Node& node, const ApplyOptions& options, ui::RunDocument document) {
    document.planned_only = true;
    document.has_diff = true;
    document.diff = diff_of(document.plan);
    auto code = finish_run(node, document);
    bool differs = !document.plan.files.empty() || !document.plan.dirs.empty();
    return code == ExitCode::done && options.exit_code && differs ? ExitCode::differences : code;
}

}  // namespace

Result<ExitCode> run_apply(Node& node, const ApplyOptions& options) {
    if (!options.plan_file.empty()) return run_saved_plan(node, options);
    std::string ranking_text;
    // Before the lock: who sends it may still be measuring.
    if (options.ranking_file == "-") {
        TRY_ASSIGN(ranking_text, node.world().in(kMaxRanking));
    }
    std::unique_ptr<Transaction> transaction;
    if (!options.dry_run) {
        TRY_ASSIGN(transaction, Transaction::open(node));
        TRY_ASSIGN(auto broken, transaction->settle_late_starts("apply"));
        if (broken) return finish_run(node, *broken);
    }
    TRY_ASSIGN(auto job, prepare(node, options));
    job.ranking_text = std::move(ranking_text);
    if (must_wait(node, options, job)) {
        transaction.reset();
        TRY(wait_for_turn(node, options.splay_seconds));
        auto now = options;
        now.splay_seconds = 0;
        return run_apply(node, now);
    }
    TRY_ASSIGN(auto measured, measure_for(node, options, job));
    TRY_ASSIGN(auto decision, decide(node, options, job, measured));
    TRY_ASSIGN(auto plan, plan_for(node, options, job, decision));
    plan.warnings.insert(plan.warnings.end(), measured.warnings.begin(), measured.warnings.end());
    ui::RunDocument document{
        .command = options.as_plan ? "plan" : "apply", .plan = plan, .measured = measured.origin_of_ranking};
    if (options.dry_run) {
        if (!options.out_file.empty()) {
            auto wish = plan::wish_of(decision.desired);
            wish.targets = options.targets;
            TRY(save_plan(node, options.out_file, {.plan = plan, .wish = std::move(wish)}));
        }
        return finish_plan(node, options, std::move(document));
    }
    document.receipt = transaction->execute(plan);
    document.error = document.receipt.error;
    return finish_run(node, document);
}

Result<ExitCode> run_saved_plan(Node& node, const ApplyOptions& options) {
    TRY_ASSIGN(auto saved, read_saved_plan(node, options));
    std::unique_ptr<Transaction> transaction;
    if (!options.dry_run) {
        TRY_ASSIGN(transaction, Transaction::open(node));
        TRY_ASSIGN(auto broken, transaction->settle_late_starts("apply"));
        if (broken) return finish_run(node, *broken);
    }
    // Now, behind the lock: what is not as the plan saw it is stale, whatever else is wrong with it by now.
    for (const auto& file : saved.plan.files) TRY(txn::require_before(node.fs(), file));
    auto as_planned = options;
    as_planned.targets = saved.wish.targets;
    TRY_ASSIGN(as_planned.profile.profile, profile_of_plan(node, options, saved.plan));
    TRY_ASSIGN(auto job, prepare(node, as_planned));
    plan::Decision decision;
    TRY_ASSIGN(decision.desired, plan::desired_of(saved.wish, job.loaded.profile));
    decision.desired.proxy = job.proxy;
    decision.desired.user = chosen_user(node, options);
    TRY_ASSIGN(auto plan, plan_for(node, as_planned, job, decision));
    TRY(plan::check_remade(saved.plan, plan));
    ui::RunDocument document{.command = "apply", .plan = plan};
    if (options.dry_run) return finish_plan(node, options, std::move(document));
    document.receipt = transaction->execute(plan);
    document.error = document.receipt.error;
    return finish_run(node, document);
}

}  // namespace mirrorctl::cli
