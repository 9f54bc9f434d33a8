#include "ui/page.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"
#include "text/quote.hpp"
#include "ui/documents.hpp"
#include "ui/page_parts.hpp"
#include "ui/pull_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirrorctl::ui {

using text::TemplateValues;

Section shown_if(bool holds) {
    return holds ? Section{{}} : Section{};
}

std::string clean(std::string_view text) {
    return mask_secrets(printable_line(text, 400));
}

std::string seconds_text(double seconds) {
    constexpr double kYears = 1e9;  // nobody waits so long: it is not known
    return seconds >= 0 && seconds < kYears ? format_duration(seconds) : "?";
}

std::string rate_text(double bytes_per_second) {
    return !(bytes_per_second > 0) ? "?" : format_bytes(bytes_per_second) + "/s";
}

std::string url_text(const Measurement& m) {
    return clean(m.mirror.url.masked());
}

Section tags_of(const Measurement& m) {
    Section out;
    if (m.is_origin) out.push_back({.strings = {{"tag", "origin"}}});
    if (m.unsure) out.push_back({.strings = {{"tag", "unsure"}}});
    if (m.mirror.trust == Trust::pull) out.push_back({.strings = {{"tag", "content only"}}});
    return out;
}

namespace {

// The page's style is the only thing that its policy allows: CSP Level 3, "hash-source" (base64 of the
// SHA-256 of what stands between the tags).
std::string style_hash(std::string_view page) {
    constexpr std::string_view kOpen = "<style>";
    auto from = page.find(kOpen) + kOpen.size();
    auto hex = sha256_hex(page.substr(from, page.find("</style>") - from));
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return cat("'sha256-", base64_encode(bytes), "'");
}

// "2026-11-23 10:15:00 UTC"
std::string day_and_time(double seconds_since_1970) {
    return replace_all(replace_all(utc_time(seconds_since_1970), "T", " "), "Z", " UTC");
}

const Measurement* find_origin(const UpstreamReport& upstream) {
    for (const auto& m : upstream.ranking)
        if (m.is_origin) return &m;
    return nullptr;
}

std::string against_origin(const Measurement& best, const UpstreamReport& upstream) {
    const auto* origin = find_origin(upstream);
    if (origin == nullptr || best.is_origin) return ".";
    if (!origin->usable) return "; the origin itself is not usable from here.";
    if (origin->predicted_pull_s <= 0) return ".";
    return fmt::format("; the origin itself needs {}.", seconds_text(origin->predicted_pull_s));
}

std::string verdict_of(const Usable& usable, const UpstreamReport& upstream) {
    if (usable.empty()) return "No usable mirror and no usable origin.";
    const auto& best = *usable.front();
    auto name = best.is_origin ? cat("The origin itself, ", url_text(best), ",") : url_text(best);
    if (best.predicted_pull_s < 0) return name + " serves the image; no speed was measured.";
    return cat(name, " is the fastest: 30 MiB in ", seconds_text(best.predicted_pull_s),
               against_origin(best, upstream));
}

Section sentence(const std::string& text) {
    if (text.empty()) return {};
    return {{.strings = {{"text", clean(text)}}}};
}

TemplateValues cell(std::string label, std::string value, Section range = {}) {
    return {.strings = {{"label", std::move(label)}, {"value", std::move(value)}},
            .lists = {{"range", std::move(range)}}};
}

Section range_of(double low, double high, std::string (*text)(double)) {
    if (low < 0 || high <= low) return {};
    return {{.strings = {{"from", text(low)}, {"to", text(high)}}}};
}

TemplateValues number_row(const Measurement& m) {
    auto parts = parts_of(m);
    auto part = [&](PullPart p) {
        return cell(std::string(label_of(p)), parts.of(p) > 0 ? seconds_text(parts.of(p)) : "-");
    };
    TemplateValues row{.strings = {{"url", url_text(m)}}};
    row.lists["cells"] = {
        cell("pull", seconds_text(m.predicted_pull_s),
             range_of(m.predicted_low_s, m.predicted_high_s, seconds_text)),
        cell("rate", rate_text(m.throughput_bps),
             range_of(m.throughput_low_bps, m.throughput_high_bps, rate_text)),
        part(PullPart::dns),
        part(PullPart::connect),
        part(PullPart::tls),
        part(PullPart::token),
        part(PullPart::manifest),
        cell("first byte", seconds_text(m.ttfb_s), range_of(m.ttfb_low_s, m.ttfb_high_s, seconds_text)),
        cell("samples", std::to_string(m.samples)),
        cell("read", format_bytes(static_cast<double>(m.bytes))),
        cell("requests", std::to_string(m.requests))};
    return row;
}

Section numbers(const Usable& usable) {
    if (usable.empty()) return {};
    TemplateValues table;
    for (const auto* m : usable) table.lists["rows"].push_back(number_row(*m));
    return {table};
}

Section refused(const UpstreamReport& upstream, bool probed) {
    TemplateValues table;
    for (const auto& m : upstream.ranking) {
        if (m.usable || m.probed != probed) continue;
        TemplateValues row{.strings = {{"url", url_text(m)},
                                       {"fault", replace_all(std::string(name_of(m.fault)), "_", " ")},
                                       {"reason", clean(m.reason)}}};
        row.lists["tags"] = tags_of(m);
        table.lists["rows"].push_back(std::move(row));
    }
    return table.lists.empty() ? Section{} : Section{table};
}

TemplateValues upstream_values(const UpstreamReport& upstream, std::size_t index) {
    Usable usable;
    for (const auto& m : upstream.ranking)
        if (m.usable) usable.push_back(&m);
    TemplateValues out;
    out.strings = {{"id", cat("upstream-", index)},
                   {"name", clean(upstream.name)},
                   {"verdict", verdict_of(usable, upstream)},
                   {"best", usable.empty() ? "nothing usable" : url_text(*usable.front())},
                   {"best_time", usable.empty() ? "" : seconds_text(usable.front()->predicted_pull_s)}};
    out.lists = {{"unsure", shown_if(upstream.unsure)}, {"why", sentence(upstream.why)},
                 {"ranking", pull_chart(usable)},       {"waiting", wait_chart(usable)},
                 {"flows", flow_panels(usable)},        {"numbers", numbers(usable)},
                 {"rejected", refused(upstream, true)}, {"resting", refused(upstream, false)}};
    return out;
}

}  // namespace

Result<std::string> report_page(const Report& report) {
    auto page = embedded_pages().front().text;
    TemplateValues values;
    bool direct = report.route.empty() || report.route == "direct";
    values.strings = {{"style_hash", style_hash(page)},
                      {"profile", clean(report.profile)},
                      {"taken_at", day_and_time(report.taken_at)},
                      {"route", direct ? "directly" : "through " + clean(report.route)},
                      {"image_name", clean(report.image)},
                      {"elapsed", format_duration(report.elapsed_s)},
                      {"bytes", format_bytes(static_cast<double>(report.bytes))},
                      {"requests", std::to_string(report.requests)},
                      {"version", MIRRORCTL_VERSION}};
    values.lists = {{"image", shown_if(!report.image.empty())},
                    {"summary", shown_if(report.upstreams.size() > 1)},
                    {"upstreams", {}}};
    for (std::size_t i = 0; i < report.upstreams.size(); ++i)
        values.lists["upstreams"].push_back(upstream_values(report.upstreams[i], i + 1));
    return text::render(page, values, text::quote_html);
}

}  // namespace mirrorctl::ui
