#include "ui/sync_document.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace mirrorctl::ui {

namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(safe(text));
}

Json error_value(const Error& error) {
    Json value{
        {"code", name_of(error.code)}, {"message", safe(to_string(error))}, {"hint", safe(error.hint)}};
    if (error.location) {
        value["file"] = safe(error.location->file);
        value["line"] = error.location->line;
        value["column"] = error.location->column;
    }
    return value;
}

Json image_value(const SyncImage& image) {
    Json notes = Json::array();
    for (const auto& note : image.notes) notes.push_back(safe(note));
    return {{"source", safe(image.source)},
            {"destination", or_null(image.destination)},
            {"outcome", image.outcome},
            {"why", or_null(image.why)},
            {"source_digest", or_null(image.source_digest)},
            {"destination_digest", or_null(image.destination_digest)},
            {"bytes", image.bytes},
            {"seconds", std::round(image.seconds * 1e3) / 1e3},
            {"notes", notes},
            {"error", image.error ? error_value(*image.error) : Json(nullptr)}};
}

std::string outcome_word(const SyncImage& image, const Term& term) {
    auto word = fit(image.outcome, 8);
    if (image.outcome == "failed") return term.red(word);
    return image.outcome == "skipped" ? term.dim(word) : term.green(word);
}

std::string image_text(const SyncImage& image, const Term& term) {
    auto line = cat(outcome_word(image, term), " ", safe(image.source), " -> ",
                    image.destination.empty() ? std::string("(all destinations)") : safe(image.destination));
    if (image.bytes > 0) line += cat("  ", format_bytes(static_cast<double>(image.bytes)));
    line += "\n";
    if (!image.why.empty()) line += cat("         ", safe(image.why), "\n");
    if (image.error && !image.error->hint.empty())
        line += cat("         ", term.dim("hint: "), safe(image.error->hint), "\n");
    for (const auto& note : image.notes) line += cat("         ", term.dim("note: "), safe(note), "\n");
    return line;
}

std::string summary(const SyncDocument& document) {
    static constexpr std::array<std::string_view, 5> kOutcomes{"planned", "copied", "mounted", "skipped",
                                                               "failed"};
    std::vector<std::string> parts;
    for (auto outcome : kOutcomes)
        if (auto n = document.count(outcome); n > 0) parts.push_back(cat(n, " ", outcome));
    if (parts.empty()) parts.emplace_back("nothing to do: no image was selected");
    auto read = static_cast<double>(document.bytes_read);
    auto written = static_cast<double>(document.bytes_written);
    auto line = join(parts, ", ");
    if (document.dry_run)
        return fmt::format("{}; would read {} and write {}\n", line, format_bytes(read),
                           format_bytes(written));
    line += fmt::format("; read {}, wrote {} in {}", format_bytes(read), format_bytes(written),
                        format_duration(document.seconds));
    if (document.blobs_mounted > 0) line += fmt::format(", {} blobs mounted", document.blobs_mounted);
    return line + (document.interrupted ? "; interrupted: run it again for the rest\n" : "\n");
}

}  // namespace

std::size_t SyncDocument::count(std::string_view outcome) const {
    return static_cast<std::size_t>(std::count_if(
        images.begin(), images.end(), [&](const SyncImage& image) { return image.outcome == outcome; }));
}

std::string sync_json(const SyncDocument& document) {
    Json doc{{"schema", "mirrorctl.sync/1"},
             {"dry_run", document.dry_run},
             {"changed", document.count("copied") + document.count("mounted") > 0},
             {"interrupted", document.interrupted},
             {"quota_exhausted", document.quota_exhausted}};
    doc["totals"] = {
        {"images", document.images.size()},        {"planned", document.count("planned")},
        {"copied", document.count("copied")},      {"mounted", document.count("mounted")},
        {"skipped", document.count("skipped")},    {"failed", document.count("failed")},
        {"bytes_read", document.bytes_read},       {"bytes_written", document.bytes_written},
        {"blobs_mounted", document.blobs_mounted}, {"seconds", std::round(document.seconds * 1e3) / 1e3}};
    doc["images"] = Json::array();
    for (const auto& image : document.images) doc["images"].push_back(image_value(image));
    doc["warnings"] = Json::array();
    for (const auto& warning : document.warnings)
        doc["warnings"].push_back(
            {{"code", warning.code}, {"message", safe(warning.message)}, {"hint", safe(warning.hint)}});
    doc["errors"] = Json::array();
    for (const auto& error : document.errors) doc["errors"].push_back(error_value(error));
    doc["error"] = document.errors.empty() ? Json(nullptr) : error_value(document.errors.front());
    return doc.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string sync_text(const SyncDocument& document, const Term& term, bool verbose) {
    std::string out;
    for (const auto& image : document.images)
        if (verbose || image.outcome == "failed" || image.outcome == "planned" || !image.notes.empty())
            out += image_text(image, term);
    return out + summary(document);
}

}  // namespace mirrorctl::ui
