#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace mirrorctl::ui {

std::string utc_time(double seconds_since_1970) {
    auto seconds = static_cast<std::time_t>(seconds_since_1970);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string error_text(const Error& error, const Term& term) {
    std::string out = term.red("error: ") + printable(mask_secrets(to_string(error))) + "\n";
    if (!error.hint.empty()) out += term.dim("  hint: ") + printable(mask_secrets(error.hint)) + "\n";
    return out;
}

std::vector<Warning> all_warnings(const RunDocument& run) {
    std::vector<Warning> warnings;
    for (const auto* list : {&run.plan.warnings, &run.receipt.warnings})
        for (const auto& warning : *list)
            if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
                warnings.push_back(warning);
    return warnings;
}

std::string warnings_text(const std::vector<Warning>& warnings, const Term& term) {
    std::string out;
    for (const auto& w : warnings) {
        out += term.yellow("warning: ") + printable(mask_secrets(w.message)) + "\n";
        if (!w.hint.empty()) out += term.dim("  hint: ") + printable(mask_secrets(w.hint)) + "\n";
    }
    return out;
}

std::string colored_diff(const std::string& diff, const Term& term) {
    std::string out;
    for (const auto& raw : split(diff, '\n')) {
        auto line = printable(raw);
        if (line.starts_with("+++") || line.starts_with("---")) {
            out += term.bold(line);
        } else if (line.starts_with('+')) {
            out += term.green(line);
        } else if (line.starts_with('-')) {
            out += term.red(line);
        } else if (line.starts_with("@@")) {
            out += term.cyan(line);
        } else {
            out += line;
        }
        out += '\n';
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out == "\n" ? "" : out;
}

namespace {

std::string_view past_tense(FileAction action) {
    switch (action) {
        case FileAction::create:
            return "created";
        case FileAction::update:
            return "updated";
        case FileAction::remove:
            return "removed";
    }
    return "updated";
}

std::string mirrors_text(const Plan& plan, const Term& term) {
    std::string out;
    for (const auto& [upstream, mirrors] : plan.mirrors) {
        out += "  " + term.bold(upstream);
        if (mirrors.empty()) out += ": direct, the origin is faster than every mirror";
        out += "\n";
        int rank = 0;
        for (const auto& m : mirrors) {
            auto time = m.predicted_pull_seconds < 0
                            ? std::string("not measured")
                            : format_duration(m.predicted_pull_seconds) + " for 30 MiB";
            out += fmt::format("    {}. {}  {}\n", ++rank, printable(m.url),
                               term.dim(time + (m.trust == "pull" ? ", content by digest only" : "")));
        }
    }
    return out;
}

std::string activation_line(const DoneActivation& a, const Term& term) {
    auto what = fmt::format("  {} {}", name_of(a.kind), a.unit);
    switch (a.result) {
        case ActivationResult::done:
            return what + term.green("  done") + "\n";
        case ActivationResult::deferred:
            return what + term.yellow("  deferred") +
                   (a.detail.empty() ? "" : ": " + printable_line(a.detail)) + "\n";
        case ActivationResult::failed:
            return what + term.red("  failed") + (a.detail.empty() ? "" : ": " + printable_line(a.detail)) +
                   "\n";
    }
    return what;
}

std::string pending_text(const std::vector<Pending>& pending, const Term& term) {
    std::string out;
    for (const auto& p : pending)
        out += term.yellow("  pending: ") +
               (p.unit.empty() ? "" : fmt::format("{} {}: ", name_of(p.kind), p.unit)) +
               printable_line(p.reason, 400) + "\n";
    return out;
}

std::string headline(const RunDocument& run, const Term& term) {
    auto count = run.plan.files.size();
    if (run.planned_only)
        return count == 0 ? term.green("nothing would change") + "\n"
                          : fmt::format("{} file(s) would change\n", count);
    switch (run.receipt.outcome) {
        case Outcome::unchanged:
            return term.green("unchanged") +
                   (run.measured.empty() ? "" : term.dim(" (" + run.measured + ")")) + "\n";
        case Outcome::committed:
            return term.green("done") + ": " + run.receipt.transaction +
                   (run.measured.empty() ? "" : term.dim(" (" + run.measured + ")")) + "\n";
        case Outcome::rolled_back:
            return term.red("failed and rolled back") + ": the files are as they were\n";
        case Outcome::stuck:
            return term.red("failed and not restored") + ": a manual step is needed\n";
    }
    return "";
}

}  // namespace

std::string run_text(const RunDocument& run, const Term& term) {
    std::string out = headline(run, term);
    bool quiet_noop = !run.planned_only && run.receipt.outcome == Outcome::unchanged;
    if (!quiet_noop) out += mirrors_text(run.plan, term);
    for (const auto& file : run.plan.files)
        out += fmt::format("  {} {}\n", run.planned_only ? name_of(file.action()) : past_tense(file.action()),
                           printable(file.path.str()));
    if (run.planned_only)
        for (const auto& a : run.plan.activations)
            if (a.kind != ActivationKind::none)
                out += fmt::format("  {} {}{}\n", name_of(a.kind), a.unit,
                                   a.deferred  ? " (deferred)"
                                   : a.consent ? ""
                                               : " (needs consent)");
    // What was deferred stands in `pending`.
    for (const auto& a : run.receipt.activations)
        if (a.result != ActivationResult::deferred) out += activation_line(a, term);
    out += pending_text(run.planned_only ? run.plan.pending : run.receipt.pending, term);
    if (!run.planned_only && run.receipt.outcome == Outcome::committed && run.command == "apply")
        out += term.dim("  undo with: mirrorctl rollback") + "\n";
    return out;
}

std::string status_text(const StatusDocument& status, const Term& term) {
    std::string out;
    if (status.recovery_needed) out += term.red("an earlier run was cut short: run mirrorctl recover") + "\n";
    for (const auto& t : status.targets) {
        auto state = t.state == "ours"      ? term.green(t.state)
                     : t.state == "drifted" ? term.yellow(t.state)
                                            : t.state;
        out += term.bold(t.target) + "  " + state + (t.state == "absent" ? "" : ", live: " + t.live) + "\n";
        if (!t.path.empty()) out += "  " + printable(t.path) + "\n";
        for (const auto& m : t.mirrors) out += "    " + printable(m) + "\n";
        if (!t.detail.empty()) out += term.dim("  " + printable_line(t.detail)) + "\n";
    }
    out += consumers_text(status.consumers, term);
    if (status.targets.empty()) out += "no engine found, nothing of ours on this node\n";
    out += pending_text(status.pending, term);
    return out;
}

std::string history_text(const std::vector<Receipt>& receipts, const Term& term) {
    if (receipts.empty()) return "no transactions yet\n";
    std::string out;
    for (const auto& r : receipts) {
        out += fmt::format("{}  {}  {}  {}  {}\n", term.bold(r.transaction), utc_time(r.at), r.command,
                           name_of(r.outcome), printable_line(r.actor, 60));
        for (const auto& f : r.files)
            out += fmt::format("    {} {}\n", past_tense(f.action), printable(f.path.str()));
    }
    return out;
}

std::string targets_text(const std::vector<TargetEntry>& targets, const Term& term) {
    std::string out;
    for (const auto& t : targets) {
        out += fmt::format("{} {}  {}\n", t.detected ? term.green("+") : term.dim("-"), fit(t.name, 17),
                           printable_line(t.summary));
        out += term.dim("  " + printable_line(t.reason)) + "\n";
    }
    return out;
}

std::string profiles_text(const std::vector<ProfileEntry>& profiles, const Term& term) {
    std::string out;
    for (const auto& p : profiles)
        out += fmt::format("{}  {}\n{}\n", term.bold(fit(p.name, 12)), printable_line(p.description),
                           term.dim(fmt::format("              {} upstreams, {} mirrors, as of {}, {}",
                                                p.upstreams, p.mirrors, p.as_of, p.from)));
    return out;
}

std::string lint_text(const std::string& file, const std::vector<LintEntry>& findings, const Term& term) {
    std::string out;
    for (const auto& f : findings) {
        out += fmt::format("{}:{}:{}: {}{}\n", printable_line(file), f.where.line, f.where.column,
                           f.is_error ? term.red("error: ") : term.yellow("warning: "),
                           printable_line(f.message, 400));
        if (!f.hint.empty()) out += term.dim("  hint: ") + printable_line(f.hint, 400) + "\n";
    }
    auto errors =
        std::count_if(findings.begin(), findings.end(), [](const LintEntry& f) { return f.is_error; });
    out += fmt::format("{}: {} error(s), {} warning(s)\n", printable_line(file), errors,
                       std::ssize(findings) - errors);
    return out;
}

}  // namespace mirrorctl::ui
