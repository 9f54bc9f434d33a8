#include "model/json/plan_json.hpp"

#include "model/json/parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirrorctl {
namespace json {
bool plain_path(std::string_view path) {
    return is_plain_path(path);
}
}  // namespace json

namespace {

using Json = nlohmann::json;
using Reader = json::Reader<Json>;
enum class Before { with_bytes, digest_only };

constexpr std::size_t kMaxFiles = 256;

Json file_to(const FileChange& file, Before before) {
    auto optional_state = [](const std::optional<FileState>& state) {
        return state ? json::state_to<Json>(*state, true) : Json(nullptr);
    };
    return {{"path", file.path.str()},
            {"resolved", file.resolved.str()},
            {"target", file.target},
            {"before", json::state_to<Json>(file.before, before == Before::with_bytes)},
            {"after", json::state_to<Json>(file.after, true)},
            {"interim", optional_state(file.interim)},
            {"undo_interim", optional_state(file.undo_interim)},
            {"owned", json::values_to<Json>(file.owned)},
            {"secret", file.secret},
            {"allow_in_place", file.allow_in_place}};
}

// The journal's form of a state: meta and digest without the bytes.
FileState state_without_bytes(const Reader& in, std::string& digest) {
    digest = in.text("digest");
    FileState state{.present = in.flag("present"), .meta = json::meta_from(in)};
    if (state.present ? !is_sha256_digest(digest) : digest != "absent") in.complain("digest", "a digest");
    return state;
}

FileChange file_from(const Reader& in, Before before, std::vector<std::string>& digests) {
    auto optional_state = [&](const char* key) {
        return in.has(key) ? std::optional(json::state_from(in.object(key))) : std::nullopt;
    };
    std::string digest;
    FileChange file;
    file.path = json::path_from(in, "path");
    file.resolved = json::path_from(in, "resolved");
    file.target = in.text("target");
    file.before = before == Before::with_bytes ? json::state_from(in.object("before"))
                                               : state_without_bytes(in.object("before"), digest);
    file.after = json::state_from(in.object("after"));
    file.interim = optional_state("interim");
    file.undo_interim = optional_state("undo_interim");
    file.owned = json::values_from(in, "owned");
    file.secret = in.flag("secret");
    file.allow_in_place = in.flag("allow_in_place");
    digests.push_back(std::move(digest));
    return file;
}

Json activation_to(const Activation& activation) {
    return {{"unit", activation.unit},
            {"action", name_of(activation.kind)},
            {"reason", activation.reason},
            {"consent", activation.consent},
            {"blocked_by", activation.blocked_by},
            {"deferred", activation.deferred}};
}

Activation activation_from(const Reader& in) {
    return {.unit = in.text("unit"),
            .kind = in.named("action", json::kActivationKinds),
            .reason = in.text("reason"),
            .consent = in.flag("consent"),
            .blocked_by = in.text("blocked_by"),
            .deferred = in.flag("deferred")};
}

Json mirrors_to(const std::map<std::string, std::vector<PlannedMirror>>& mirrors) {
    Json out = Json::object();
    for (const auto& [upstream, list] : mirrors)
        out[upstream] = json::list_to<Json>(list, [](const PlannedMirror& mirror) -> Json {
            return {{"url", mirror.url},
                    {"trust", mirror.trust},
                    {"predicted_pull_seconds", mirror.predicted_pull_seconds},
                    {"measured", mirror.measured}};
        });
    return out;
}

std::map<std::string, std::vector<PlannedMirror>> mirrors_from(const Reader& in) {
    std::map<std::string, std::vector<PlannedMirror>> out;
    for (const auto& upstream : in.names("mirrors"))
        in.object("mirrors").each(upstream.c_str(), [&](const Reader& item) {
            out[upstream].push_back({.url = item.text("url"),
                                     .trust = item.text("trust"),
                                     .predicted_pull_seconds = item.number("predicted_pull_seconds"),
                                     .measured = item.flag("measured")});
        });
    // An upstream without mirrors is a fact of its own: ours are removed there.
    for (const auto& upstream : in.names("mirrors")) out.try_emplace(upstream);
    return out;
}

Json plan_to(const Plan& plan, Before before) {
    return {
        {"schema", kPlanSchema},
        {"command", plan.command},
        {"version", plan.version},
        {"root", plan.root},
        {"profile", json::profile_to<Json>(plan.profile)},
        {"mirrors", mirrors_to(plan.mirrors)},
        {"dirs", json::list_to<Json>(plan.dirs, json::dir_to<Json>)},
        {"files",
         json::list_to<Json>(plan.files, [&](const FileChange& file) { return file_to(file, before); })},
        {"activations", json::list_to<Json>(plan.activations, activation_to)},
        {"checks", json::list_to<Json>(plan.checks,
                                       [](const Check& check) -> Json {
                                           return {{"subject", check.subject}, {"expected", check.expected}};
                                       })},
        {"pending", json::list_to<Json>(plan.pending, json::pending_item_to<Json>)},
        {"warnings", json::list_to<Json>(plan.warnings, json::warning_to<Json>)},
        {"undoes", plan.undoes}};
}

StoredPlan plan_from(const Reader& in, Before before) {
    StoredPlan stored;
    auto& plan = stored.plan;
    plan.command = in.text("command");
    plan.version = in.text("version");
    plan.root = in.text("root");
    plan.profile = json::profile_from(in.object("profile"));
    plan.mirrors = mirrors_from(in);
    in.each(
        "dirs", [&](const Reader& item) { plan.dirs.push_back(json::dir_from(item)); }, kMaxFiles);
    in.each(
        "files",
        [&](const Reader& item) { plan.files.push_back(file_from(item, before, stored.before_digests)); },
        kMaxFiles);
    in.each(
        "activations", [&](const Reader& item) { plan.activations.push_back(activation_from(item)); }, 64);
    in.each("checks", [&](const Reader& item) {
        plan.checks.push_back({.subject = item.text("subject"), .expected = item.texts("expected")});
    });
    in.each("pending", [&](const Reader& item) { plan.pending.push_back(json::pending_item_from(item)); });
    in.each("warnings", [&](const Reader& item) { plan.warnings.push_back(json::warning_from(item)); });
    plan.undoes = in.texts("undoes");
    return stored;
}

}  // namespace

std::string plan_to_json(const Plan& plan) {
    return json::dumped(plan_to(plan, Before::with_bytes));
}

Result<Plan> plan_from_json(std::string_view text) {
    TRY_ASSIGN(auto stored, json::read_document<Json>(text, kPlanSchema, [](const Reader& in) {
                   return plan_from(in, Before::with_bytes);
               }));
    return std::move(stored.plan);
}

std::string stored_plan_to_json(const Plan& plan) {
    return json::dumped(plan_to(plan, Before::digest_only));
}

Result<StoredPlan> stored_plan_from_json(std::string_view text) {
    return json::read_document<Json>(text, kPlanSchema,
                                     [](const Reader& in) { return plan_from(in, Before::digest_only); });
}

std::string pending_to_json(const std::vector<Pending>& pending) {
    return json::dumped(Json{{"schema", kPendingSchema},
                             {"pending", json::list_to<Json>(pending, json::pending_item_to<Json>)}});
}

Result<std::vector<Pending>> pending_from_json(std::string_view text) {
    return json::read_document<Json>(text, kPendingSchema, [](const Reader& in) {
        std::vector<Pending> out;
        in.each("pending", [&](const Reader& item) { out.push_back(json::pending_item_from(item)); });
        return out;
    });
}

bool is_plain_path(std::string_view path) {
    if (path.empty() || path.front() != '/' || path.size() > 4096 || printable_line(path, 8192) != path)
        return false;
    if (path == "/") return true;
    auto parts = split(path.substr(1), '/');
    return std::none_of(parts.begin(), parts.end(),
                        [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

}  // namespace mirrorctl
