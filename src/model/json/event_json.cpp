#include "model/json/event_json.hpp"

#include "base/strings.hpp"
#include "model/json/report_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <type_traits>

namespace mirrorctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxCandidates = 100'000;

Json fields(const BenchStarted& e) {
    return {{"event", "started"}, {"candidates", e.candidates}, {"budget_s", e.budget_s}};
}

Json fields(const CandidateProgress& e) {
    return {{"event", "progress"}, {"upstream", e.upstream}, {"url", e.url},
            {"stage", e.stage},    {"bytes", e.bytes},       {"rate_bps", e.rate_bps}};
}

Json fields(const CandidateFinished& e) {
    return {
        {"event", "finished"}, {"upstream", e.upstream}, {"measurement", measurement_to_json(e.measurement)}};
}

Json fields(const BenchFinished& e) {
    return {{"event", "over"}, {"elapsed_s", e.elapsed_s}};
}

Json fields(const StepDone&) {
    return nullptr;
}

// Types that do not fit throw; the caller catches.
Result<Event> event_of(const Json& json) {
    auto text = [&](const char* key) { return printable_line(json.at(key).get<std::string>()); };
    auto real = [&](const char* key) { return std::max(0.0, json.at(key).get<double>()); };
    auto kind = text("event");
    if (kind == "started")
        return BenchStarted{.candidates = std::clamp(json.at("candidates").get<int>(), 0, kMaxCandidates),
                            .budget_s = real("budget_s")};
    if (kind == "progress")
        return CandidateProgress{.upstream = text("upstream"),
                                 .url = text("url"),
                                 .stage = text("stage"),
                                 .bytes = std::max<std::int64_t>(0, json.at("bytes").get<std::int64_t>()),
                                 .rate_bps = real("rate_bps")};
    if (kind == "over") return BenchFinished{.elapsed_s = real("elapsed_s")};
    if (kind != "finished") return Failure(Error{.code = ErrorCode::parse, .message = "event not known"});
    TRY_ASSIGN(auto measurement, measurement_from_json(json.at("measurement").get<std::string>()));
    return CandidateFinished{.upstream = text("upstream"), .measurement = std::move(measurement)};
}

}  // namespace

std::string event_to_json(const Event& event) {
    auto json = std::visit([](const auto& e) { return fields(e); }, event);
    return json.is_null() ? "" : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Event> event_from_json(std::string_view text) {
    auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    try {
        if (json.is_object()) return event_of(json);
    } catch (const Json::exception&) {  // a field is missing or of another type
    }
    return Failure(Error{.code = ErrorCode::parse, .message = "event not read"});
}

}  // namespace mirrorctl
