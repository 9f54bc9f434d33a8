#include "ui/sync_messages.hpp"

#include "base/strings.hpp"
#include "model/json/parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirrorctl::ui {

namespace {

using Json = nlohmann::json;
using Reader = json::Reader<Json>;

constexpr const char* kImage = "mirrorctl.sync-image";
constexpr const char* kState = "mirrorctl.sync-state";
constexpr const char* kEnd = "mirrorctl.sync-end";
constexpr double kMostBytes = 9e15;  // what a double still counts one by one

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_from(const Reader& in, const char* key) {
    return printable(in.text(key));
}

std::int64_t count_from(const Reader& in, const char* key) {
    return static_cast<std::int64_t>(std::clamp(in.number(key), 0.0, kMostBytes));
}

double real_from(const Reader& in, const char* key) {
    return std::max(0.0, in.number(key));
}

Json error_to(const Error& error) {
    return {{"code", name_of(error.code)}, {"message", to_string(error)}, {"hint", error.hint}};
}

Error error_from(const Reader& in) {
    auto error = json::error_from(in);
    error.message = printable(error.message);
    error.hint = printable(error.hint);
    return error;
}

Warning warning_from(const Reader& in) {
    return {
        .code = text_from(in, "code"), .message = text_from(in, "message"), .hint = text_from(in, "hint")};
}

std::string outcome_from(const Reader& in) {
    auto outcome = in.text("outcome");
    for (const auto* known : {"copied", "mounted", "skipped", "failed", "planned"})
        if (outcome == known) return outcome;
    in.complain("outcome", "a known name");
    return "failed";
}

}  // namespace

std::string image_message(const SyncImage& image) {
    return dumped({{"schema", kImage},
                   {"source", image.source},
                   {"destination", image.destination},
                   {"outcome", image.outcome},
                   {"why", image.why},
                   {"error", image.error ? error_to(*image.error) : Json(nullptr)},
                   {"source_digest", image.source_digest},
                   {"destination_digest", image.destination_digest},
                   {"bytes", image.bytes},
                   {"seconds", image.seconds},
                   {"notes", image.notes}});
}

Result<SyncImage> read_image(std::string_view message) {
    return json::read_document<Json>(message, kImage, [](const Reader& in) {
        SyncImage image{.source = text_from(in, "source"),
                        .destination = text_from(in, "destination"),
                        .outcome = outcome_from(in),
                        .why = text_from(in, "why"),
                        .source_digest = text_from(in, "source_digest"),
                        .destination_digest = text_from(in, "destination_digest"),
                        .bytes = count_from(in, "bytes"),
                        .seconds = real_from(in, "seconds")};
        if (in.has("error")) image.error = error_from(in.object("error"));
        for (const auto& note : in.texts("notes")) image.notes.push_back(printable(note));
        return image;
    });
}

std::string state_message(const SyncState& state) {
    auto streams = json::list_to<Json>(state.streams, [](const SyncStream& stream) {
        return Json{
            {"digest", stream.digest}, {"from", stream.from}, {"bytes", stream.bytes}, {"size", stream.size}};
    });
    return dumped({{"schema", kState},
                   {"planning", state.planning},
                   {"images_done", state.images_done},
                   {"images_total", state.images_total},
                   {"bytes_done", state.bytes_done},
                   {"bytes_total", state.bytes_total},
                   {"seconds", state.seconds},
                   {"rate", state.rate},
                   {"streams", streams}});
}

Result<SyncState> read_state(std::string_view message) {
    return json::read_document<Json>(message, kState, [](const Reader& in) {
        SyncState state{.planning = in.flag("planning"),
                        .images_done = in.whole("images_done"),
                        .images_total = in.whole("images_total"),
                        .bytes_done = count_from(in, "bytes_done"),
                        .bytes_total = count_from(in, "bytes_total"),
                        .seconds = real_from(in, "seconds"),
                        .rate = real_from(in, "rate")};
        in.each("streams", [&](const Reader& stream) {
            state.streams.push_back({.digest = text_from(stream, "digest"),
                                     .from = text_from(stream, "from"),
                                     .bytes = count_from(stream, "bytes"),
                                     .size = count_from(stream, "size")});
        });
        return state;
    });
}

std::string end_message(const SyncDocument& document) {
    return dumped({{"schema", kEnd},
                   {"dry_run", document.dry_run},
                   {"warnings", json::list_to<Json>(document.warnings, json::warning_to<Json>)},
                   {"bytes_read", document.bytes_read},
                   {"bytes_written", document.bytes_written},
                   {"blobs_mounted", document.blobs_mounted},
                   {"seconds", document.seconds},
                   {"interrupted", document.interrupted},
                   {"quota_exhausted", document.quota_exhausted}});
}

Result<SyncDocument> read_end(std::string_view message) {
    return json::read_document<Json>(message, kEnd, [](const Reader& in) {
        SyncDocument document{.dry_run = in.flag("dry_run"),
                              .bytes_read = count_from(in, "bytes_read"),
                              .bytes_written = count_from(in, "bytes_written"),
                              .blobs_mounted = in.whole("blobs_mounted"),
                              .seconds = real_from(in, "seconds"),
                              .interrupted = in.flag("interrupted"),
                              .quota_exhausted = in.flag("quota_exhausted")};
        in.each("warnings", [&](const Reader& item) { document.warnings.push_back(warning_from(item)); });
        return document;
    });
}

}  // namespace mirrorctl::ui
