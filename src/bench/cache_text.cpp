// bench.json: text <-> RankingCache. The only file of this folder that knows the JSON library.
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "bench/cache.hpp"
#include "model/json/report_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace mirrorctl::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "mirrorctl.cache/2";
constexpr std::size_t kMaxText = 4U << 20U;
constexpr std::size_t kMaxEntries = 4096;

// The digest of all bytes in front stands in the last member: a flipped bit must not become another mirror or
// another age. The text stays one JSON object.
std::string seal(std::string_view body) {
    return cat(",\n \"digest\": \"", sha256_digest(body), "\"\n}\n");
}

bool is_sealed(std::string_view text) {
    const auto length = seal("").size();
    return text.size() > length &&
           text.substr(text.size() - length) == seal(text.substr(0, text.size() - length));
}

Failure damaged(std::string_view why) {
    return Failure(Error{.code = ErrorCode::corrupt_state,
                         .message = cat("saved ranking not read: bench.json: ", why),
                         .hint = "it is measured again; nothing needs to be done"});
}

bool read_text(const Json& object, const char* key, std::string& out) {
    auto it = object.find(key);
    if (it == object.end() || !it->is_string()) return false;
    out = it->get<std::string>();
    return true;
}

bool read_time(const Json& object, const char* key, double& out) {
    auto it = object.find(key);
    if (it == object.end() || !it->is_number() || !std::isfinite(it->get<double>())) return false;
    out = it->get<double>();
    return true;
}

template <class Integer>
bool read_whole(const Json& object, const char* key, Integer& out) {
    auto it = object.find(key);
    if (it == object.end() || !it->is_number_unsigned()) return false;
    auto value = it->get<std::uint64_t>();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) return false;
    out = static_cast<Integer>(value);
    return true;
}

// The list under `key`, nullptr if it is not one of sane length.
const Json* read_list(const Json& root, const char* key) {
    auto it = root.find(key);
    return it != root.end() && it->is_array() && it->size() <= kMaxEntries ? &*it : nullptr;
}

bool read_key(const Json& root, CacheKey& key) {
    auto it = root.find("key");
    if (it == root.end() || !it->is_object()) return false;
    return read_text(*it, "profile_sha256", key.profile_sha256) && read_text(*it, "route", key.route) &&
           read_text(*it, "machine_id", key.machine_id) && read_text(*it, "image", key.image) &&
           read_text(*it, "network", key.network);
}

bool read_checks(const Json& root, std::vector<LastCheck>& checks) {
    const auto* list = read_list(root, "checks");
    if (list == nullptr) return false;
    for (const auto& entry : *list) {
        LastCheck check;
        bool whole = entry.is_object() && read_text(entry, "upstream", check.upstream) &&
                     read_text(entry, "url", check.url) && read_time(entry, "at", check.at);
        if (!whole) return false;
        checks.push_back(std::move(check));
    }
    return true;
}

bool read_failures(const Json& root, std::vector<PastFailure>& failures) {
    const auto* list = read_list(root, "failures");
    if (list == nullptr) return false;
    for (const auto& entry : *list) {
        PastFailure failure;
        std::string fault;
        bool whole = entry.is_object() && read_text(entry, "upstream", failure.upstream) &&
                     read_text(entry, "url", failure.url) && read_time(entry, "at", failure.at) &&
                     read_time(entry, "until", failure.until) && read_text(entry, "fault", fault) &&
                     read_text(entry, "reason", failure.reason) &&
                     read_whole(entry, "count", failure.count) && entry.contains("asked") &&
                     entry["asked"].is_boolean();
        if (!whole) return false;
        failure.asked = entry["asked"].get<bool>();
        for (int i = 0; i < kFaults; ++i)
            if (name_of(static_cast<Fault>(i)) == fault) failure.fault = static_cast<Fault>(i);
        failures.push_back(std::move(failure));
    }
    return true;
}

bool read_memory(const Json& root, Memory& memory) {
    const auto* usual = read_list(root, "usual");
    const auto* asked = read_list(root, "asked");
    const auto* read = read_list(root, "read");
    if (usual == nullptr || asked == nullptr || read == nullptr) return false;
    for (const auto& entry : *usual) {
        auto& u = memory.usual.emplace_back();
        if (!entry.is_object() || !read_text(entry, "network", u.network) ||
            !read_text(entry, "upstream", u.upstream) || !read_text(entry, "url", u.url) ||
            !read_time(entry, "at", u.at) || !read_time(entry, "runs", u.runs) ||
            !read_time(entry, "pull_seconds", u.pull_s))
            return false;
    }
    for (const auto& entry : *asked) {
        auto& a = memory.asked.emplace_back();
        if (!entry.is_object() || !read_text(entry, "operator", a.operator_name) ||
            !read_time(entry, "at", a.at) || !read_whole(entry, "requests", a.requests))
            return false;
    }
    for (const auto& entry : *read) {
        auto& r = memory.read.emplace_back();
        if (!entry.is_object() || !read_text(entry, "url", r.url) || !read_text(entry, "layer", r.digest) ||
            !read_time(entry, "at", r.at) || !read_whole(entry, "bytes", r.bytes))
            return false;
    }
    return true;
}

Json write_usual(const Memory& memory) {
    Json list = Json::array();
    for (const auto& u : memory.usual)
        list.push_back({{"network", u.network},
                        {"upstream", u.upstream},
                        {"url", u.url},
                        {"at", u.at},
                        {"runs", u.runs},
                        {"pull_seconds", u.pull_s}});
    return list;
}

Json write_asked(const Memory& memory) {
    Json list = Json::array();
    for (const auto& a : memory.asked)
        list.push_back({{"operator", printable(a.operator_name)}, {"at", a.at}, {"requests", a.requests}});
    return list;
}

Json write_read(const Memory& memory) {
    Json list = Json::array();
    for (const auto& r : memory.read)
        list.push_back({{"url", r.url}, {"layer", r.digest}, {"at", r.at}, {"bytes", r.bytes}});
    return list;
}

bool read_times(const Json& root, const char* key, std::map<std::string, double>& times) {
    auto it = root.find(key);
    if (it == root.end() || !it->is_object() || it->size() > kMaxEntries) return false;
    for (const auto& [name, value] : it->items()) {
        if (!value.is_number()) return false;
        times[name] = value.get<double>();
    }
    return true;
}

}  // namespace

std::string cache_to_text(const RankingCache& cache) {
    Json checks = Json::array();
    for (const auto& check : cache.checks)
        checks.push_back({{"upstream", check.upstream}, {"url", check.url}, {"at", check.at}});
    Json failures = Json::array();
    for (const auto& f : cache.failures)
        failures.push_back({{"upstream", f.upstream},
                            {"url", f.url},
                            {"at", f.at},
                            {"until", f.until},
                            {"fault", name_of(f.fault)},
                            {"reason", printable(f.reason)},
                            {"count", f.count},
                            {"asked", f.asked}});
    Json root{{"schema", kSchema},
              {"key",
               {{"profile_sha256", cache.key.profile_sha256},
                {"route", cache.key.route},
                {"machine_id", cache.key.machine_id},
                {"image", cache.key.image},
                {"network", cache.key.network}}},
              {"measured_at", cache.measured_at},
              {"raced_at", cache.raced_at},
              {"checks", std::move(checks)},
              {"failures", std::move(failures)},
              {"usual", write_usual(cache.memory)},
              {"asked", write_asked(cache.memory)},
              {"read", write_read(cache.memory)},
              {"report", Json::parse(report_to_json(cache.report), nullptr, false)}};
    auto body = root.dump(1, ' ', false, Json::error_handler_t::replace);
    body.resize(body.size() - 2);  // "\n}"
    return body + seal(body);
}

Result<RankingCache> cache_from_text(std::string_view text) {
    if (text.size() > kMaxText) return damaged("more than 4 MiB");
    // File systems leave zeros behind a crash, and the parser takes a zero for the end.
    if (text.find('\0') != std::string_view::npos) return damaged("it has zero bytes");
    if (!is_sealed(text)) return damaged("cut off or altered: it does not match its checksum");
    auto root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object()) return damaged("not a whole JSON object");
    std::string schema;
    if (!read_text(root, "schema", schema) || schema != kSchema) return damaged("of another version");
    RankingCache cache;
    if (!read_key(root, cache.key)) return damaged("its key is damaged");
    if (!read_checks(root, cache.checks) || !read_failures(root, cache.failures) ||
        !read_times(root, "measured_at", cache.measured_at) || !read_memory(root, cache.memory))
        return damaged("an entry is damaged");
    // Caches of older versions do not have it: their next race is one of all.
    if (root.contains("raced_at") && !read_times(root, "raced_at", cache.raced_at))
        return damaged("an entry is damaged");
    auto report = root.find("report");
    if (report == root.end()) return damaged("it has no ranking");
    auto read = report_from_json(report->dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!read) return damaged(read.error().message);
    cache.report = std::move(*read);
    return cache;
}

}  // namespace mirrorctl::bench
