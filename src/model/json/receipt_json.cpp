#include "model/json/receipt_json.hpp"

#include "model/json/parts.hpp"

#include <nlohmann/json.hpp>

namespace mirrorctl {
namespace {

using Json = nlohmann::json;
using Reader = json::Reader<Json>;

Json receipt_file_to(const ReceiptFile& file) {
    return {{"path", file.path.str()},           {"target", file.target},
            {"action", name_of(file.action)},    {"before_digest", file.before_digest},
            {"after_digest", file.after_digest}, {"owned", json::values_to<Json>(file.owned)}};
}

ReceiptFile receipt_file_from(const Reader& in) {
    return {.path = json::path_from(in, "path"),
            .target = in.text("target"),
            .action = in.named("action", {FileAction::create, FileAction::update, FileAction::remove}),
            .before_digest = in.text("before_digest"),
            .after_digest = in.text("after_digest"),
            .owned = json::values_from(in, "owned")};
}

Json done_to(const DoneActivation& done) {
    return {{"unit", done.unit},
            {"action", name_of(done.kind)},
            {"result", name_of(done.result)},
            {"detail", done.detail}};
}

DoneActivation done_from(const Reader& in) {
    return {.unit = in.text("unit"),
            .kind = in.named("action", json::kActivationKinds),
            .result = in.named(
                "result", {ActivationResult::done, ActivationResult::deferred, ActivationResult::failed}),
            .detail = in.text("detail")};
}

Json error_to(const std::optional<Error>& error) {
    if (!error) return nullptr;
    return {{"code", name_of(error->code)}, {"message", error->message}, {"hint", error->hint}};
}

Receipt receipt_from(const Reader& in) {
    Receipt receipt{.transaction = in.text("transaction"),
                    .at = in.number("at"),
                    .command = in.text("command"),
                    .actor = in.text("actor"),
                    .version = in.text("version"),
                    .profile = json::profile_from(in.object("profile"))};
    receipt.outcome =
        in.named("outcome", {Outcome::unchanged, Outcome::committed, Outcome::rolled_back, Outcome::stuck});
    in.each("files", [&](const Reader& item) { receipt.files.push_back(receipt_file_from(item)); });
    in.each("dirs", [&](const Reader& item) { receipt.dirs.push_back(json::dir_from(item)); });
    in.each("activations", [&](const Reader& item) { receipt.activations.push_back(done_from(item)); });
    in.each("pending", [&](const Reader& item) { receipt.pending.push_back(json::pending_item_from(item)); });
    in.each("warnings", [&](const Reader& item) { receipt.warnings.push_back(json::warning_from(item)); });
    if (in.has("error")) receipt.error = json::error_from(in.object("error"));
    receipt.undoes = in.texts("undoes");
    receipt.broken = in.texts("broken");
    return receipt;
}

Json owned_file_to(const std::pair<const TargetPath, Ownership::File>& entry) {
    const auto& [path, file] = entry;
    return {{"path", path.str()},
            {"target", file.target},
            {"values", json::values_to<Json>(file.values)},
            {"base", json::state_to<Json>(file.base, true)}};
}

}  // namespace

std::string receipt_to_json(const Receipt& receipt) {
    return json::dumped(Json{{"schema", kReceiptSchema},
                             {"transaction", receipt.transaction},
                             {"at", receipt.at},
                             {"command", receipt.command},
                             {"actor", receipt.actor},
                             {"version", receipt.version},
                             {"profile", json::profile_to<Json>(receipt.profile)},
                             {"outcome", name_of(receipt.outcome)},
                             {"files", json::list_to<Json>(receipt.files, receipt_file_to)},
                             {"dirs", json::list_to<Json>(receipt.dirs, json::dir_to<Json>)},
                             {"activations", json::list_to<Json>(receipt.activations, done_to)},
                             {"pending", json::list_to<Json>(receipt.pending, json::pending_item_to<Json>)},
                             {"warnings", json::list_to<Json>(receipt.warnings, json::warning_to<Json>)},
                             {"error", error_to(receipt.error)},
                             {"undoes", receipt.undoes},
                             {"broken", receipt.broken}});
}

Result<Receipt> receipt_from_json(std::string_view text) {
    return json::read_document<Json>(text, kReceiptSchema, receipt_from);
}

std::string ownership_to_json(const OwnershipSummary& summary) {
    Json files = Json::array();
    for (const auto& entry : summary.owned.files) files.push_back(owned_file_to(entry));
    return json::dumped(Json{{"schema", kOwnershipSchema},
                             {"through", summary.through},
                             {"files", std::move(files)},
                             {"dirs", json::list_to<Json>(summary.owned.dirs, json::dir_to<Json>)}});
}

Result<OwnershipSummary> ownership_from_json(std::string_view text) {
    return json::read_document<Json>(text, kOwnershipSchema, [](const Reader& in) {
        OwnershipSummary summary{.through = in.text("through")};
        in.each("files", [&](const Reader& item) {
            summary.owned.files[json::path_from(item, "path")] = {
                .target = item.text("target"),
                .values = json::values_from(item, "values"),
                .base = json::state_from(item.object("base"))};
        });
        in.each("dirs", [&](const Reader& item) { summary.owned.dirs.push_back(json::dir_from(item)); });
        return summary;
    });
}

}  // namespace mirrorctl
