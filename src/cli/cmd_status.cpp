// status, history, targets, and the bare call: what is here, whose it is, what would help.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/knowledge.hpp"
#include "cli/live.hpp"
#include "cli/transaction.hpp"
#include "doctor/consumers.hpp"
#include "plan/status.hpp"
#include "txn/history.hpp"
#include "txn/recover.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

// Without the right to read the state directory (0700) the files still tell a lot.
template <class T>
T readable(Node& node, Result<T> result, std::vector<Warning>& warnings, const Error** hard) {
    if (result) return std::move(*result);
    if (result.error().code == ErrorCode::permission_denied) {
        if (warnings.empty())
            warnings.push_back(
                {.code = "state_not_readable",
                 .message = cat("the state directory cannot be read as this user: ", node.state().dir.str()),
                 .hint = "sudo mirrorctl status tells whose the values are"});
        return T{};
    }
    static thread_local Error kept;
    kept = result.error();
    *hard = &kept;
    return T{};
}

void add_consumers(Node& node, const Ownership& owned, ui::StatusDocument& document) {
    doctor::Inputs inputs{.node = node.asked_facts(),
                          .fs = node.fs(),
                          .owned = owned,
                          .knowledge = mirror_knowledge(),
                          .state = {.dir = node.state().dir, .pending = document.pending}};
    for (const auto& consumer : doctor::find_consumers(doctor::look(inputs)))
        document.consumers.push_back({.name = consumer.name,
                                      .reads = consumer.reads,
                                      .live = consumer.live,
                                      .detail = consumer.detail});
}

Result<ui::StatusDocument> make_document(Node& node) {
    ui::StatusDocument document;
    const Error* hard = nullptr;
    auto owned = readable(node, txn::ownership(node.state_view()), document.warnings, &hard);
    auto receipts = readable(node, txn::history(node.state_view()), document.warnings, &hard);
    document.pending = readable(node, open_pending(node), document.warnings, &hard);
    document.recovery_needed =
        readable(node, txn::needs_recovery(node.state_view()), document.warnings, &hard);
    if (hard != nullptr) return Failure(*hard);
    const auto& facts = node.asked_facts();
    for (const auto& status : plan::make_status(node.fs(), facts, owned)) {
        ui::StatusEntry entry{.target = status.target,
                              .path = status.path.str(),
                              .state = std::string(plan::name_of(status.standing)),
                              .live = live_word(node, status.target, status.path, document.pending),
                              .mirrors = status.mirrors,
                              .detail = status.detail};
        if (status.standing == plan::Standing::absent) entry.live = "unknown";
        document.targets.push_back(std::move(entry));
    }
    add_consumers(node, owned, document);
    document.profile = node.config().profile;
    for (const auto& receipt : receipts) {
        if (receipt.command != "apply" || receipt.outcome != Outcome::committed) continue;
        document.last_apply = receipt.transaction;
        if (document.profile.empty()) document.profile = receipt.profile.name;
        break;
    }
    return document;
}

void print_warnings(Node& node, const std::vector<Warning>& warnings) {
    if (!node.global().quiet)
        node.world().err(ui::warnings_text(warnings, ui::Term::of(2, node.global().color, node.world().env)));
}

}  // namespace

Result<ExitCode> run_status(Node& node, const StatusOptions& options) {
    TRY_ASSIGN(auto document, make_document(node));
    print_warnings(node, document.warnings);
    print(node, ui::status_json(document), ui::status_text(document, stdout_term(node)));
    bool differs =
        document.recovery_needed || !document.pending.empty() ||
        std::any_of(document.targets.begin(), document.targets.end(), [](const ui::StatusEntry& entry) {
            return entry.state == "drifted" || (entry.state == "ours" && entry.live == "pending");
        });
    return options.exit_code && differs ? ExitCode::differences : ExitCode::done;
}

Result<ExitCode> run_history(Node& node) {
    TRY_ASSIGN(auto receipts, txn::history(node.state_view()));
    print(node, ui::history_json(receipts), ui::history_text(receipts, stdout_term(node)));
    return ExitCode::done;
}

Result<ExitCode> run_targets(Node& node) {
    std::vector<ui::TargetEntry> entries;
    const auto& facts = node.asked_facts();
    for (const auto* target : targets::catalog()) {
        auto detection = target->detect(facts);
        entries.push_back({.name = std::string(target->name),
                           .summary = std::string(target->summary),
                           .engine = std::string(target->engine),
                           .detected = detection.detected,
                           .reason = detection.reason,
                           .docs = std::string(target->docs)});
    }
    print(node, ui::targets_json(entries), ui::targets_text(entries, stdout_term(node)));
    return ExitCode::done;
}

Result<ExitCode> run_overview(Node& node) {
    TRY_ASSIGN(auto document, make_document(node));
    auto term = stdout_term(node);
    std::string text;
    bool managed = std::any_of(document.targets.begin(), document.targets.end(),
                               [](const auto& entry) { return entry.state == "ours"; });
    bool engine = !document.targets.empty();
    if (!engine) {
        text = "no container engine was found on this node\n";
    } else if (!managed) {
        text = term.bold("docker.io: direct") + ", no mirror of ours is written\n";
    } else {
        text = ui::status_text(document, term);
    }
    auto profile = document.profile.empty() ? std::string("cn") : document.profile;
    if (document.recovery_needed) {
        text += "next: sudo mirrorctl recover\n";
    } else if (!managed) {
        text += cat("next: mirrorctl bench --profile ", profile, "        (measures, changes nothing)\n",
                    "      sudo mirrorctl apply --profile ", profile, "   (writes",
                    engine ? "" : "; name what with --target", ")\n");
    } else {
        text +=
            "next: sudo mirrorctl apply   (measures again when the ranking is old)\n      sudo mirrorctl "
            "rollback\n";
    }
    text += "help: mirrorctl --help\n";
    print_warnings(node, document.warnings);
    print(node, ui::status_json(document), text);
    return ExitCode::done;
}

}  // namespace mirrorctl::cli
