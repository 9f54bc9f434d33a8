#include "base/strings.hpp"
#include "base/url.hpp"
#include "ui/documents.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace mirrorctl::ui {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& document) {
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Json seconds_or_null(double seconds) {
    return seconds < 0 ? Json(nullptr) : Json(std::round(seconds * 1e4) / 1e4);
}

Json error_value(const std::optional<Error>& error) {
    if (!error) return nullptr;
    Json value{
        {"code", name_of(error->code)}, {"message", safe(to_string(*error))}, {"hint", safe(error->hint)}};
    if (error->location) {
        value["file"] = safe(error->location->file);
        value["line"] = error->location->line;
        value["column"] = error->location->column;
    }
    return value;
}

Json warnings_value(const std::vector<Warning>& warnings) {
    Json list = Json::array();
    for (const auto& w : warnings)
        list.push_back({{"code", w.code}, {"message", safe(w.message)}, {"hint", safe(w.hint)}});
    return list;
}

Json pending_value(const std::vector<Pending>& pending) {
    Json list = Json::array();
    for (const auto& p : pending)
        list.push_back({{"unit", p.unit}, {"action", name_of(p.kind)}, {"reason", safe(p.reason)}});
    return list;
}

Json mirrors_value(const Plan& plan) {
    Json mirrors = Json::object();
    for (const auto& [upstream, list] : plan.mirrors) {
        Json& entry = mirrors[upstream] = Json::array();
        for (const auto& m : list)
            entry.push_back({{"url", safe(m.url)},
                             {"trust", m.trust},
                             {"predicted_pull_seconds", seconds_or_null(m.predicted_pull_seconds)},
                             {"measured", m.measured}});
    }
    return mirrors;
}

Json planned_activations(const Plan& plan) {
    Json list = Json::array();
    for (const auto& a : plan.activations)
        list.push_back({{"unit", a.unit}, {"action", name_of(a.kind)}, {"result", "deferred"}});
    return list;
}

Json profile_value(const ProfileRef& profile) {
    return {{"name", profile.name}, {"sha256", profile.sha256}, {"from", profile.from}};
}

Json document(const std::string& command) {
    return {{"schema", "mirrorctl." + command + "/1"}};
}

}  // namespace

std::string run_json(const RunDocument& run) {
    Json doc = document(run.command);
    const auto& receipt = run.receipt;
    bool changed = run.planned_only ? !run.plan.files.empty() || !run.plan.dirs.empty()
                                    : receipt.outcome == Outcome::committed;
    doc["changed"] = changed;
    doc["outcome"] = name_of(receipt.outcome);
    doc["transaction"] = receipt.transaction.empty() ? Json(nullptr) : Json(receipt.transaction);
    doc["profile"] = run.plan.profile.name.empty() ? Json(nullptr) : profile_value(run.plan.profile);
    doc["mirrors"] = mirrors_value(run.plan);
    doc["files"] = Json::array();
    for (const auto& file : run.plan.files)
        doc["files"].push_back(
            {{"path", safe(file.path.str())}, {"target", file.target}, {"action", name_of(file.action())}});
    doc["activations"] = Json::array();
    if (run.planned_only) doc["activations"] = planned_activations(run.plan);
    for (const auto& a : receipt.activations)
        doc["activations"].push_back(
            {{"unit", a.unit}, {"action", name_of(a.kind)}, {"result", name_of(a.result)}});
    doc["pending"] = pending_value(run.planned_only ? run.plan.pending : receipt.pending);
    doc["warnings"] = warnings_value(all_warnings(run));
    if (run.has_diff) doc["diff"] = printable(run.diff);
    doc["error"] = error_value(run.error);
    return dump(doc);
}

std::string error_json(const std::string& command, const Error& error) {
    Json doc = document(command);
    doc["error"] = error_value(error);
    return dump(doc);
}

std::string status_json(const StatusDocument& status) {
    Json doc = document("status");
    doc["profile"] = status.profile.empty() ? Json(nullptr) : Json(status.profile);
    doc["last_apply"] = status.last_apply.empty() ? Json(nullptr) : Json(status.last_apply);
    doc["recovery_needed"] = status.recovery_needed;
    doc["targets"] = Json::array();
    for (const auto& t : status.targets) {
        Json mirrors = Json::array();
        for (const auto& m : t.mirrors) mirrors.push_back(safe(m));
        doc["targets"].push_back({{"target", t.target},
                                  {"path", t.path.empty() ? Json(nullptr) : Json(safe(t.path))},
                                  {"state", t.state},
                                  {"live", t.live},
                                  {"mirrors", mirrors},
                                  {"detail", safe(t.detail)}});
    }
    doc["consumers"] = Json::array();
    for (const auto& c : status.consumers) {
        Json reads = Json::array();
        for (const auto& path : c.reads) reads.push_back(safe(path));
        doc["consumers"].push_back(
            {{"name", safe(c.name)}, {"reads", reads}, {"live", c.live}, {"detail", safe(c.detail)}});
    }
    doc["pending"] = pending_value(status.pending);
    doc["warnings"] = warnings_value(status.warnings);
    doc["error"] = nullptr;
    return dump(doc);
}

std::string doctor_json(const DoctorDocument& doctor) {
    Json doc = document("doctor");
    doc["checked"] = doctor.checked;
    doc["findings"] = Json::array();
    for (const auto& f : doctor.findings)
        doc["findings"].push_back({{"code", f.code},
                                   {"severity", f.severity},
                                   {"subject", safe(f.subject)},
                                   {"message", safe(f.message)},
                                   {"hint", safe(f.hint)}});
    doc["warnings"] = warnings_value(doctor.warnings);
    doc["error"] = nullptr;
    return dump(doc);
}

std::string checks_json(const std::vector<CheckEntry>& checks) {
    Json doc = document("doctor-list");
    doc["checks"] = Json::array();
    for (const auto& c : checks)
        doc["checks"].push_back({{"code", c.code}, {"severity", c.severity}, {"about", c.about}});
    doc["error"] = nullptr;
    return dump(doc);
}

std::string explain_json(const ExplainDocument& explained) {
    Json doc = document("explain");
    doc["image"] = safe(explained.image);
    doc["registry"] = safe(explained.registry);
    doc["repository"] = safe(explained.repository);
    doc["consumers"] = Json::array();
    for (const auto& c : explained.consumers) {
        Json hosts = Json::array();
        for (const auto& h : c.hosts)
            hosts.push_back({{"url", safe(h.url)},
                             {"tag", h.tag},
                             {"content", h.content},
                             {"via", safe(h.via)},
                             {"why", safe(h.why)}});
        doc["consumers"].push_back({{"name", safe(c.name)},
                                    {"file", c.file.empty() ? Json(nullptr) : Json(safe(c.file))},
                                    {"note", safe(c.note)},
                                    {"hosts", hosts}});
    }
    doc["error"] = nullptr;
    return dump(doc);
}

std::string history_json(const std::vector<Receipt>& receipts) {
    Json doc = document("history");
    doc["transactions"] = Json::array();
    for (const auto& r : receipts) {
        Json files = Json::array();
        for (const auto& f : r.files)
            files.push_back(
                {{"path", safe(f.path.str())}, {"target", f.target}, {"action", name_of(f.action)}});
        doc["transactions"].push_back({{"id", r.transaction},
                                       {"at", utc_time(r.at)},
                                       {"command", r.command},
                                       {"outcome", name_of(r.outcome)},
                                       {"files", files},
                                       {"actor", safe(r.actor)},
                                       {"version", r.version},
                                       {"profile", profile_value(r.profile)}});
    }
    doc["error"] = nullptr;
    return dump(doc);
}

std::string targets_json(const std::vector<TargetEntry>& targets) {
    Json doc = document("targets");
    doc["targets"] = Json::array();
    for (const auto& t : targets)
        doc["targets"].push_back({{"target", t.name},
                                  {"summary", t.summary},
                                  {"engine", t.engine},
                                  {"detected", t.detected},
                                  {"reason", safe(t.reason)},
                                  {"docs", t.docs}});
    doc["error"] = nullptr;
    return dump(doc);
}

std::string profiles_json(const std::vector<ProfileEntry>& profiles) {
    Json doc = document("profile-list");
    doc["profiles"] = Json::array();
    for (const auto& p : profiles)
        doc["profiles"].push_back({{"name", p.name},
                                   {"from", p.from},
                                   {"as_of", p.as_of},
                                   {"description", safe(p.description)},
                                   {"upstreams", p.upstreams},
                                   {"mirrors", p.mirrors}});
    doc["error"] = nullptr;
    return dump(doc);
}

std::string lint_json(const std::string& file, const std::vector<LintEntry>& findings) {
    Json doc = document("profile-lint");
    doc["file"] = safe(file);
    doc["findings"] = Json::array();
    for (const auto& f : findings)
        doc["findings"].push_back({{"level", f.is_error ? "error" : "warning"},
                                   {"line", f.where.line},
                                   {"column", f.where.column},
                                   {"message", safe(f.message)},
                                   {"hint", safe(f.hint)}});
    doc["error"] = nullptr;
    return dump(doc);
}

std::string text_json(const std::string& command, const std::string& key, const std::string& text) {
    Json doc = document(command);
    doc[key] = safe(text);
    doc["error"] = nullptr;
    return dump(doc);
}

}  // namespace mirrorctl::ui
