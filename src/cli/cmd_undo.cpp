// rollback, reset, recover: the ways back.
#include "base/strings.hpp"
#include "base/url.hpp"
#include "cli/command.hpp"
#include "cli/transaction.hpp"
#include "plan/planner.hpp"
#include "plan/status.hpp"
#include "txn/history.hpp"
#include "txn/rollback.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// Carries a plan out, or only shows it.
ExitCode carry_out(Node& node, Transaction* transaction, Plan plan, const std::string& command) {
    ui::RunDocument document{.command = command, .plan = std::move(plan)};
    if (transaction == nullptr) {
        document.planned_only = true;
        document.has_diff = true;
        document.diff = diff_of(document.plan);
        return finish_run(node, document);
    }
    document.receipt = transaction->execute(document.plan);
    document.error = document.receipt.error;
    return finish_run(node, document);
}

// Every mirror URL that any profile on this node names: what counts as ours when the receipts are lost.
std::vector<std::string> known_mirror_urls(Node& node) {
    std::vector<std::string> urls;
    for (const auto& name : profile::profile_names(node.fs())) {
        auto loaded =
            profile::load_profile(node.sources(), name, {.given = {}, .config = node.config().vars});
        if (!loaded) continue;
        for (const auto& upstream : loaded->profile.upstreams)
            for (const auto& mirror : upstream.mirrors)
                urls.push_back(without_trailing_slash(mirror.url).str());
    }
    return urls;
}

// A file of one registry stands in a directory of its own: left empty, that would hide `_default`.
void own_directory(Node& node, const targets::Target& target, const TargetPath& path, Ownership& owned) {
    if (target.upstream_of == nullptr || target.upstream_of(path).empty()) return;
    if (auto info = node.fs().stat(path.parent()))
        owned.dirs.push_back({.path = path.parent(), .meta = info->meta, .create = true});
}

// Adds to the receipts' knowledge what only the files can tell: known mirrors in files that no receipt
// mentions.
Ownership ownership_by_content(Node& node, Ownership owned) {
    auto known = known_mirror_urls(node);
    for (const auto* target : targets::catalog()) {
        for (const auto& path : target->survey(node.facts(), node.fs())) {
            const auto* codec = target->codec_for(node.facts(), path);
            if (codec == nullptr || codec->mirrors_key.empty() || owned.files.contains(path)) continue;
            auto text = node.fs().read(path);
            if (text && target->is_marked(*text)) own_directory(node, *target, path, owned);
            if (!text || target->is_marked(*text)) continue;
            auto values = codec->read(*text);
            if (!values) continue;
            std::vector<std::string> ours;
            for (const auto& url : (*values)[std::string(codec->mirrors_key)]) {
                auto parsed = parse_url(url);
                auto plain = parsed ? without_trailing_slash(*parsed).str() : url;
                if (std::find(known.begin(), known.end(), plain) != known.end()) ours.push_back(url);
            }
            if (ours.empty()) continue;
            owned.files[path] = {.target = std::string(target->name),
                                 .values = {{std::string(codec->mirrors_key), ours}},
                                 .base = {.present = true, .bytes = *text, .meta = {}}};
        }
    }
    return owned;
}

}  // namespace

Result<ExitCode> run_rollback(Node& node, const RollbackOptions& options) {
    TRY_ASSIGN(auto policy, node.restart_policy(options.restart));
    std::unique_ptr<Transaction> transaction;
    if (!options.dry_run) {
        TRY_ASSIGN(transaction, Transaction::open(node));
        TRY_ASSIGN(auto broken, transaction->settle_late_starts("rollback"));
        if (broken) return finish_run(node, *broken);
    }
    TRY_ASSIGN(auto ids, txn::to_roll_back(node.state_view(), options.transaction));
    TRY_ASSIGN(auto plan, txn::make_rollback(node.state_view(), node.fs(), ids,
                                             [&](const TargetPath& path) { return codec_at(node, path); }));
    stamp(plan, node, "rollback");
    const auto& facts = node.asked_facts();
    plan::settle_plan(plan, [&](const Activation& wanted) { return engines::settle(wanted, facts, policy); });
    return carry_out(node, transaction.get(), std::move(plan), "rollback");
}

Result<ExitCode> run_reset(Node& node, const ResetOptions& options) {
    TRY_ASSIGN(auto policy, node.restart_policy(options.restart));
    std::unique_ptr<Transaction> transaction;
    if (!options.dry_run) {
        TRY_ASSIGN(transaction, Transaction::open(node));
    }
    TRY_ASSIGN(auto receipts, txn::ownership(node.state_view()));
    auto owned = ownership_by_content(node, std::move(receipts));
    DesiredState nothing;
    nothing.proxy = DesiredProxy{};
    node.asked_facts();
    std::vector<const targets::Target*> all(targets::catalog().begin(), targets::catalog().end());
    plan::PlanInput input{
        .fs = node.fs(),
        .node = node.facts(),
        .desired = nothing,
        .owned = owned,
        .targets = all,
        .settle = [&](const Activation& wanted) { return engines::settle(wanted, node.facts(), policy); }};
    TRY_ASSIGN(auto plan, plan::make_plan(input));
    std::erase_if(plan.pending, [](const Pending& pending) { return pending.unit.empty(); });
    stamp(plan, node, "reset");
    return carry_out(node, transaction.get(), std::move(plan), "reset");
}

Result<ExitCode> run_recover(Node& node, const RecoverOptions& options) {
    ui::RunDocument document{.command = "recover"};
    TRY_ASSIGN(document.receipt,
               Transaction::recover(
                   node, options.keep_current ? txn::ForeignFiles::keep_current : txn::ForeignFiles::refuse));
    document.error = document.receipt.error;
    // Undoing what a crash left is what was asked for: it is a success here.
    bool undone = document.receipt.outcome == Outcome::rolled_back && !document.error;
    auto code = finish_run(node, document);
    return undone ? ExitCode::done : code;
}

}  // namespace mirrorctl::cli
