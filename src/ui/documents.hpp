// What a command found out or did, as one value; `json` and `human` show the same value in two ways.
#pragma once

#include "base/error.hpp"
#include "model/plan.hpp"
#include "model/receipt.hpp"
#include "model/report.hpp"
#include "ui/term.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirrorctl::ui {

// apply, plan, rollback, reset, recover.
struct RunDocument {
    std::string command;
    Plan plan = {};
    Receipt receipt = {};
    bool has_diff = false;  // `plan` and the -n forms
    std::string diff = {};
    std::optional<Error> error = {};
    // `plan` and -n: nothing was done, the receipt is empty and the activations are those that would run.
    bool planned_only = false;
    std::string measured = {};  // one line on where the ranking comes from: "measured 12 mirrors in 2.3 s",
                                // "ranking of 14 minutes ago"
};

struct StatusEntry {
    std::string target;
    std::string path;
    std::string state;  // ours | drifted | foreign | absent
    std::string live;   // yes | pending | unknown
    std::vector<std::string> mirrors;
    std::string detail;
};

struct ConsumerEntry {
    std::string name;  // "dockerd", "containerd CRI", "nerdctl" ...
    std::vector<std::string> reads;
    std::string live;  // yes | pending | no | unknown
    std::string detail;
};

struct StatusDocument {
    std::vector<StatusEntry> targets;
    std::vector<ConsumerEntry> consumers = {};
    std::vector<Pending> pending;
    std::string profile;     // that config.yaml or the last apply names
    std::string last_apply;  // transaction id, "" = never
    bool recovery_needed = false;
    std::vector<Warning> warnings;
};

struct FindingEntry {
    std::string code;
    std::string severity;  // error | warning | note
    std::string subject;
    std::string message;
    std::string hint;
};

struct DoctorDocument {
    std::vector<FindingEntry> findings = {};
    std::size_t checked = 0;
    std::vector<Warning> warnings = {};  // what could not be looked at
};

struct ExplainHost {
    std::string url;
    bool tag = false;
    bool content = false;
    std::string via;
    std::string why;
};

struct ExplainConsumer {
    std::string name;
    std::string file;
    std::string note;
    std::vector<ExplainHost> hosts = {};
};

struct ExplainDocument {
    std::string image;
    std::string registry;
    std::string repository;
    std::vector<ExplainConsumer> consumers = {};
};

struct CheckEntry {
    std::string code;
    std::string severity;
    std::string about;
};

struct TargetEntry {
    std::string name;
    std::string summary;
    std::string engine;
    bool detected = false;
    std::string reason;
    std::string docs;
};

struct ProfileEntry {
    std::string name;
    std::string from;
    std::string as_of;
    std::string description;
    int upstreams = 0;
    int mirrors = 0;
};

struct LintEntry {
    bool is_error = false;
    Location where;
    std::string message;
    std::string hint;
};

// Those of the plan and those of its execution, each once.
std::vector<Warning> all_warnings(const RunDocument& run);

// --json: exactly one document, ended by a newline. Secrets are masked.
std::string run_json(const RunDocument& run);
std::string error_json(const std::string& command, const Error& error);
std::string status_json(const StatusDocument& status);
std::string doctor_json(const DoctorDocument& doctor);
std::string checks_json(const std::vector<CheckEntry>& checks);
std::string explain_json(const ExplainDocument& explained);
std::string history_json(const std::vector<Receipt>& receipts);
std::string targets_json(const std::vector<TargetEntry>& targets);
std::string profiles_json(const std::vector<ProfileEntry>& profiles);
std::string lint_json(const std::string& file, const std::vector<LintEntry>& findings);
std::string text_json(const std::string& command, const std::string& key,
                      const std::string& text);  // profile show

// For people; every text ends with a newline.
std::string run_text(const RunDocument& run, const Term& term);
std::string error_text(const Error& error, const Term& term);
std::string warnings_text(const std::vector<Warning>& warnings, const Term& term);
std::string report_text(const Report& report, const Term& term);
std::string status_text(const StatusDocument& status, const Term& term);
std::string doctor_text(const DoctorDocument& doctor, const Term& term);
std::string checks_text(const std::vector<CheckEntry>& checks, const Term& term);
std::string explain_text(const ExplainDocument& explained, const Term& term);
std::string consumers_text(const std::vector<ConsumerEntry>& consumers, const Term& term);
std::string history_text(const std::vector<Receipt>& receipts, const Term& term);
std::string targets_text(const std::vector<TargetEntry>& targets, const Term& term);
std::string profiles_text(const std::vector<ProfileEntry>& profiles, const Term& term);
std::string lint_text(const std::string& file, const std::vector<LintEntry>& findings, const Term& term);
std::string colored_diff(const std::string& diff, const Term& term);

// "2026-11-23T10:15:00Z"
std::string utc_time(double seconds_since_1970);

}  // namespace mirrorctl::ui
