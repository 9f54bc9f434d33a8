#include "model/json/report_json.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace mirrorctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "mirrorctl.bench/1";
constexpr std::size_t kMaxText = 4U << 20U;
constexpr std::size_t kMaxUpstreams = 64;
constexpr std::size_t kMaxRanking = 256;
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxLayers = 256;
constexpr std::int64_t kMaxBlob = 1LL << 50;
constexpr double kMilli = 1000;

// Unknown (negative) values are null; others keep as many decimals as mean something.
Json number(double value, double factor, double decimals) {
    if (value < 0 || !std::isfinite(value)) return nullptr;
    double scale = std::pow(10.0, decimals);
    return std::round(value * factor * scale) / scale;
}

Json text_or_null(const std::string& text) {
    if (text.empty()) return nullptr;
    return printable(text);
}

Json write_phases(const PullPhases& p) {
    return {{"dns_ms", number(p.dns_s, kMilli, 2)},
            {"connect_ms", number(p.connect_s, kMilli, 2)},
            {"tls_ms", number(p.tls_s, kMilli, 2)},
            {"token_ms", number(p.token_s, kMilli, 2)},
            {"manifest_ms", number(p.manifest_s, kMilli, 2)},
            {"first_byte_ms", number(p.first_byte_s, kMilli, 2)},
            {"transfer_ms", number(p.transfer_s, kMilli, 2)}};
}

Json write_series(const std::vector<SpeedPoint>& series) {
    Json out = Json::array();
    for (const auto& point : series)
        out.push_back({{"at_ms", number(point.at_s, kMilli, 1)}, {"bps", number(point.bps, 1, 0)}});
    return out;
}

Json write_measurement(const Measurement& m) {
    return {{"url", m.mirror.url.masked()},
            {"verdict", m.usable ? "usable" : "rejected"},
            {"reason", mask_secrets(printable(m.reason))},
            {"samples", m.samples},
            {"connect_ms", number(m.connect_s, kMilli, 2)},
            {"ttfb_ms", number(m.ttfb_s, kMilli, 2)},
            {"throughput_bps", number(m.throughput_bps, 1, 0)},
            {"predicted_pull_seconds", number(m.predicted_pull_s, 1, 4)},
            {"bytes", m.bytes},
            {"requests", m.requests},
            {"fault", name_of(m.fault)},
            {"origin", m.is_origin},
            {"operator", printable(m.mirror.operator_name)},
            {"form", name_of(m.mirror.form)},
            {"trust", name_of(m.mirror.trust)},
            {"prefer", m.mirror.prefer},
            {"agreed", m.agreed},
            {"tag_digest", text_or_null(m.tag_digest)},
            {"probed", m.probed},
            {"confirmed", m.confirmed},
            {"dns_ms", number(m.dns_s, kMilli, 2)},
            {"token_ms", number(m.token_s, kMilli, 2)},
            {"rtt_ms", number(m.rtt_s, kMilli, 2)},
            {"predicted_low_seconds", number(m.predicted_low_s, 1, 4)},
            {"predicted_high_seconds", number(m.predicted_high_s, 1, 4)},
            {"throughput_low_bps", number(m.throughput_low_bps, 1, 0)},
            {"throughput_high_bps", number(m.throughput_high_bps, 1, 0)},
            {"ttfb_low_ms", number(m.ttfb_low_s, kMilli, 2)},
            {"ttfb_high_ms", number(m.ttfb_high_s, kMilli, 2)},
            {"unsure", m.unsure},
            {"phases", write_phases(m.phases)},
            {"series", write_series(m.series)},
            {"final_host", text_or_null(m.final_host)},
            {"shared_from", text_or_null(m.shared_from)},
            {"retry_after_seconds", number(m.retry_after_s, 1, 0)},
            {"usual_pull_seconds", number(m.usual_pull_s, 1, 4)},
            {"layers_read", m.layers_read}};
}

Failure bad(std::string_view why) {
    return Failure(Error{.code = ErrorCode::parse, .message = cat("ranking not read: ", why)});
}

bool too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '[') && ++depth > kMaxDepth)
            return true;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            --depth;
    }
    return false;
}

Result<Json> parse_object(std::string_view text) {
    if (text.size() > kMaxText) return bad("more than 4 MiB");
    if (too_deep(text)) return bad("nested too deeply");
    auto root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object()) return bad("not a JSON object");
    return root;
}

// Reads members of one object; the first thing that is wrong stays in `error`.
class Members {
  public:
    explicit Members(const Json& object) : object_(object) {
        if (!object.is_object()) error = "an object is missing";
    }
    std::string text(const char* key, bool required = false) {
        const auto* value = find(key, required);
        if (value == nullptr || value->is_null()) return {};
        if (!value->is_string()) return fail(key), std::string{};
        return value->get<std::string>();
    }
    double real(const char* key, double factor = 1) {
        const auto* value = find(key, false);
        if (value == nullptr || value->is_null()) return -1;
        if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() < 0)
            return fail(key), -1;
        return value->get<double>() / factor;
    }
    std::int64_t whole(const char* key) {
        const auto* value = find(key, false);
        if (value == nullptr) return 0;
        bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() || value->get<std::uint64_t>() < (1ULL << 62U));
        if (!fits || value->get<std::int64_t>() < 0) return fail(key), 0;
        return value->get<std::int64_t>();
    }
    std::map<std::string, std::int64_t> sizes(const char* key) {
        const auto* value = find(key, false);
        if (value == nullptr) return {};
        std::map<std::string, std::int64_t> out;
        if (!value->is_object() || value->size() > kMaxLayers) return fail(key), out;
        for (const auto& [digest, size] : value->items()) {
            if (!is_sha256_digest(digest) || !size.is_number_unsigned() ||
                size.get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxBlob))
                return fail(key), out;
            out[digest] = size.get<std::int64_t>();
        }
        return out;
    }
    bool flag(const char* key) {
        const auto* value = find(key, false);
        if (value == nullptr) return false;
        if (!value->is_boolean()) return fail(key), false;
        return value->get<bool>();
    }
    std::string error = {};

  private:
    void fail(const char* key) {
        if (error.empty()) error = cat("'", key, "' is not what it should be");
    }
    const Json* find(const char* key, bool required) {
        if (!object_.is_object()) return nullptr;
        auto it = object_.find(key);
        if (it != object_.end()) return &*it;
        if (required) fail(key);
        return nullptr;
    }
    const Json& object_;
};

template <class Enum>
std::optional<Enum> enum_of(const std::string& name, int count) {
    for (int i = 0; i < count; ++i)
        if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    return std::nullopt;
}

Result<Mirror> read_mirror(Members& in) {
    auto url = parse_url(in.text("url", true));
    auto form = enum_of<MirrorForm>(in.text("form"), 4);
    auto trust = enum_of<Trust>(in.text("trust"), 3);
    if (!url || !form || !trust) return bad("an entry's url, form or trust is not what it should be");
    Mirror mirror{
        .url = std::move(*url), .form = *form, .trust = *trust, .operator_name = in.text("operator")};
    mirror.prefer = in.flag("prefer");
    return mirror;
}

// A ranking of an older version has no phases and no series.
PullPhases read_phases(const Json& measurement, std::string& error) {
    auto found = measurement.find("phases");
    if (found == measurement.end() || found->is_null()) return {};
    Members in(*found);
    PullPhases phases{.dns_s = in.real("dns_ms", kMilli),
                      .connect_s = in.real("connect_ms", kMilli),
                      .tls_s = in.real("tls_ms", kMilli),
                      .token_s = in.real("token_ms", kMilli),
                      .manifest_s = in.real("manifest_ms", kMilli),
                      .first_byte_s = in.real("first_byte_ms", kMilli),
                      .transfer_s = in.real("transfer_ms", kMilli)};
    if (error.empty()) error = in.error;
    return phases;
}

std::vector<SpeedPoint> read_series(const Json& measurement, std::string& error) {
    auto found = measurement.find("series");
    if (found == measurement.end() || found->is_null()) return {};
    std::vector<SpeedPoint> series;
    if (!found->is_array() || found->size() > kMaxSpeedPoints) error = "'series' is not what it should be";
    if (!error.empty()) return series;
    for (const auto& one : *found) {
        Members in(one);
        series.push_back({.at_s = in.real("at_ms", kMilli), .bps = in.real("bps")});
        if (error.empty()) error = in.error;
    }
    return series;
}

Result<Measurement> read_measurement(const Json& value) {
    Members in(value);
    if (!in.error.empty()) return bad(in.error);
    TRY_ASSIGN(auto mirror, read_mirror(in));
    auto fault = enum_of<Fault>(in.text("fault"), kFaults);
    auto verdict = in.text("verdict", true);
    if (!fault || (verdict != "usable" && verdict != "rejected"))
        return bad("an entry's verdict or fault is unknown");
    Measurement m{.mirror = std::move(mirror), .is_origin = in.flag("origin"), .usable = verdict == "usable"};
    m.probed = in.flag("probed");
    m.fault = *fault;
    m.reason = printable(in.text("reason"));
    m.samples = static_cast<int>(std::min<std::int64_t>(in.whole("samples"), 1000));
    m.connect_s = in.real("connect_ms", kMilli);
    m.ttfb_s = in.real("ttfb_ms", kMilli);
    m.throughput_bps = in.real("throughput_bps");
    m.predicted_pull_s = in.real("predicted_pull_seconds");
    m.bytes = in.whole("bytes");
    m.requests = static_cast<int>(std::min<std::int64_t>(in.whole("requests"), 100000));
    m.agreed = in.flag("agreed");
    m.tag_digest = in.text("tag_digest");
    m.final_host = printable_line(in.text("final_host"));
    m.retry_after_s = in.real("retry_after_seconds");
    m.dns_s = in.real("dns_ms", kMilli);
    m.token_s = in.real("token_ms", kMilli);
    m.rtt_s = in.real("rtt_ms", kMilli);
    m.predicted_low_s = in.real("predicted_low_seconds");
    m.predicted_high_s = in.real("predicted_high_seconds");
    m.confirmed = in.flag("confirmed");
    m.shared_from = printable_line(in.text("shared_from"));
    m.usual_pull_s = in.real("usual_pull_seconds");
    m.layers_read = in.sizes("layers_read");
    m.throughput_low_bps = in.real("throughput_low_bps");
    m.throughput_high_bps = in.real("throughput_high_bps");
    m.ttfb_low_s = in.real("ttfb_low_ms", kMilli);
    m.ttfb_high_s = in.real("ttfb_high_ms", kMilli);
    m.unsure = in.flag("unsure");
    m.phases = read_phases(value, in.error);
    m.series = read_series(value, in.error);
    if (!in.error.empty()) return bad(in.error);
    return m;
}

Result<UpstreamReport> read_upstream(const std::string& name, const Json& value) {
    Members in(value);
    UpstreamReport out{.name = name, .ranking = {}, .manifest = in.text("manifest")};
    out.unsure = in.flag("unsure");
    out.why = printable(in.text("why"));
    if (!in.error.empty()) return bad(in.error);
    auto ranking = value.find("ranking");
    if (ranking == value.end() || !ranking->is_array() || ranking->size() > kMaxRanking)
        return bad("an upstream has no list 'ranking' of sane length");
    for (const auto& entry : *ranking) {
        TRY_ASSIGN(auto measurement, read_measurement(entry));
        out.ranking.push_back(std::move(measurement));
    }
    return out;
}

}  // namespace

std::string report_to_json(const Report& report) {
    Json upstreams = Json::object();
    for (const auto& upstream : report.upstreams) {
        Json ranking = Json::array();
        for (const auto& m : upstream.ranking) ranking.push_back(write_measurement(m));
        upstreams[upstream.name] = {{"manifest", text_or_null(upstream.manifest)},
                                    {"unsure", upstream.unsure},
                                    {"why", text_or_null(upstream.why)},
                                    {"ranking", std::move(ranking)}};
    }
    Json root{{"schema", kSchema},
              {"profile", printable(report.profile)},
              {"profile_sha256", report.profile_sha256},
              {"site", text_or_null(report.site)},
              {"taken_at", number(report.taken_at, 1, 3)},
              {"elapsed_seconds", number(report.elapsed_s, 1, 3)},
              {"bytes", report.bytes},
              {"requests", report.requests},
              {"image", text_or_null(report.image)},
              {"route", mask_secrets(printable(report.route))},
              {"proxy_failed", report.proxy_failed},
              {"proxy_error", text_or_null(mask_secrets(report.proxy_error))},
              {"upstreams", std::move(upstreams)},
              {"error", nullptr}};
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string measurement_to_json(const Measurement& measurement) {
    return write_measurement(measurement).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Measurement> measurement_from_json(std::string_view text) {
    TRY_ASSIGN(auto root, parse_object(text));
    return read_measurement(root);
}

Result<Report> report_from_json(std::string_view text) {
    TRY_ASSIGN(auto root, parse_object(text));
    Members in(root);
    if (in.text("schema", true) != kSchema) return bad(cat("its schema is not ", kSchema));
    Report report{.profile = in.text("profile", true),
                  .profile_sha256 = in.text("profile_sha256", true),
                  .upstreams = {}};
    report.site = printable_line(in.text("site"), 80);
    report.taken_at = std::max(0.0, in.real("taken_at"));
    report.elapsed_s = std::max(0.0, in.real("elapsed_seconds"));
    report.bytes = in.whole("bytes");
    report.requests = static_cast<int>(std::min<std::int64_t>(in.whole("requests"), 1000000));
    report.image = in.text("image");
    report.route = in.text("route");
    report.proxy_failed = in.flag("proxy_failed");
    report.proxy_error = in.text("proxy_error");
    if (!in.error.empty()) return bad(in.error);
    auto upstreams = root.find("upstreams");
    if (upstreams == root.end() || !upstreams->is_object() || upstreams->size() > kMaxUpstreams)
        return bad("it has no object 'upstreams' of sane size");
    for (const auto& [name, value] : upstreams->items()) {
        TRY_ASSIGN(auto upstream, read_upstream(name, value));
        report.upstreams.push_back(std::move(upstream));
    }
    return report;
}

}  // namespace mirrorctl
