// doctor: gathers what the checks look at, and prints what they find.
#include "base/strings.hpp"
#include "cli/command.hpp"
#include "cli/knowledge.hpp"
#include "cli/records.hpp"
#include "doctor/catalog.hpp"
#include "doctor/live.hpp"
#include "profile/values.hpp"

#include <algorithm>

namespace mirrorctl::cli {

namespace {

int age_of(Node& node, const Profile& profile) {
    auto today = profile::day_number(ui::utc_time(node.world().clock.wall()).substr(0, 10));
    auto as_of = profile::day_number(profile.as_of);
    return today && as_of ? static_cast<int>(*today - *as_of) : 0;
}

// The profile that config.yaml names, else that of the last apply.
doctor::ProfileFacts read_profile(Node& node, const Records& records) {
    doctor::ProfileFacts facts{.config_error = node.config_error()};
    ProfileOptions wanted{.profile = node.config().profile};
    bool configured = !wanted.profile.empty();
    for (const auto& receipt : records.receipts) {
        if (configured || receipt.command != "apply" || receipt.outcome != Outcome::committed) continue;
        wanted.profile = receipt.profile.from.starts_with('/') ? receipt.profile.from : receipt.profile.name;
        break;
    }
    if (wanted.profile.empty()) return facts;
    facts.name = wanted.profile;
    auto loaded = node.load_profile(wanted);
    if (loaded)
        facts.age_days = age_of(node, loaded->profile);
    else if (configured)  // that of an old apply may have been a file that is gone
        facts.error = loaded.error();
    return facts;
}

ExitCode list_checks(Node& node) {
    std::vector<ui::CheckEntry> entries;
    for (const auto& check : doctor::all_checks())
        entries.push_back({.code = std::string(check.code),
                           .severity = std::string(doctor::name_of(check.severity)),
                           .about = std::string(check.about)});
    auto term = ui::Term::of(1, node.global().color, node.world().env);
    print(node, ui::checks_json(entries), ui::checks_text(entries, term));
    return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_doctor(Node& node, const DoctorOptions& options) {
    if (options.list) return list_checks(node);
    const auto& facts = node.asked_facts();
    auto records = read_records(node);
    doctor::Inputs inputs{.node = facts,
                          .fs = node.fs(),
                          .owned = records.owned,
                          .knowledge = mirror_knowledge(),
                          .state = records.state,
                          .profile = read_profile(node, records),
                          .live = doctor::ask_live(facts, node.fs(), node.world().runner)};
    auto scene = doctor::look(inputs);
    auto findings = doctor::examine(scene);
    ui::DoctorDocument document{.checked = doctor::all_checks().size(), .warnings = records.warnings};
    if (!scene.unreadable.empty())
        document.warnings.push_back({.code = "file_not_readable",
                                     .message = "not looked at: " + join(scene.unreadable, ", "),
                                     .hint = "sudo mirrorctl doctor sees more"});
    for (const auto& finding : findings)
        document.findings.push_back({.code = finding.code,
                                     .severity = std::string(doctor::name_of(finding.severity)),
                                     .subject = finding.subject,
                                     .message = finding.message,
                                     .hint = finding.hint});
    if (!node.global().quiet)
        node.world().err(
            ui::warnings_text(document.warnings, ui::Term::of(2, node.global().color, node.world().env)));
    print(node, ui::doctor_json(document),
          ui::doctor_text(document, ui::Term::of(1, node.global().color, node.world().env)));
    bool bad = std::any_of(findings.begin(), findings.end(),
                           [](const auto& f) { return f.severity != doctor::Severity::note; });
    return options.exit_code && bad ? ExitCode::differences : ExitCode::done;
}

}  // namespace mirrorctl::cli
