#include "cli/ranking.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/url.hpp"
#include "bench/cache.hpp"
#include "cli/fetch.hpp"
#include "cli/user_agent.hpp"
#include "model/json/report_json.hpp"

namespace mirrorctl::cli {

namespace {

constexpr double kClockSkew = 600;  // seconds by which two nodes' clocks may differ
constexpr std::string_view kDigestMark = "#sha256=";
constexpr std::size_t kHexDigits = 64;

Failure unfit(const std::string& where, const std::string& why, std::string hint = {}) {
    return Failure(Error{.code = ErrorCode::usage,
                         .message = cat("the ranking does not fit: ", ranking_name(where), ": ", why),
                         .hint = std::move(hint)});
}

std::string site_words(const std::string& site) {
    return site.empty() ? "no site" : "site " + printable_line(site, 80);
}

Result<std::string> read_url(Node& node, const MeasureRequest& request) {
    const auto& given = request.ranking_file;
    auto mark = given.find('#');
    auto hint =
        "mirrorctl apply --ranking https://HOST/ranking.json#sha256=$(sha256sum < ranking.json | cut -c1-64)";
    auto digest = mark == std::string::npos || !given.substr(mark).starts_with(kDigestMark)
                      ? std::string()
                      : "sha256:" + lower(given.substr(mark + kDigestMark.size()));
    if (!is_sha256_digest(digest))
        return unfit(given, cat("a URL needs ", kDigestMark, " and ", kHexDigits, " hexadecimal digits"),
                     hint);
    TRY_ASSIGN(auto url, parse_url(given.substr(0, mark)));
    if (url.scheme != "https") return unfit(given, "only https is fetched", hint);
    if (url.str() != url.masked()) return unfit(given, "a URL with a password would stand in process lists");
    if (request.offline) return unfit(given, "--offline fetches nothing", "give it as a file");
    TRY_ASSIGN(auto text, fetch_apart(node.world(), {.url = url,
                                                     .route = request.route,
                                                     .user_agent = user_agent(node.config()),
                                                     .max_bytes = kMaxRanking}));
    if (auto actual = sha256_digest(text); actual != digest)
        return Failure(Error{.code = ErrorCode::digest_mismatch,
                             .message = cat("the ranking is not the expected one: ", url.masked(),
                                            ": it has ", actual, ", expected was ", digest)});
    return text;
}

Result<void> check_profile(const MeasureRequest& request, const Report& report) {
    const auto& mine = request.profile;
    if (report.profile == mine.name && report.profile_sha256 == mine.sha256) return {};
    return unfit(request.ranking_file,
                 cat("it was made with profile ", printable_line(report.profile, 40), " (",
                     printable_line(report.profile_sha256.substr(0, 12), 12), "), this run uses ", mine.name,
                     " (", mine.sha256.substr(0, 12), ")"),
                 "make it with the same profile: mirrorctl bench --profile " + mine.name + " --json");
}

Result<void> check_age(Node& node, const MeasureRequest& request, const Report& report) {
    double age = node.world().clock.wall() - report.taken_at;
    double allowed = request.profile.policy.ttl;
    auto hint = "make it anew: mirrorctl bench --profile " + request.profile.name + " --json";
    if (age > allowed)
        return unfit(
            request.ranking_file,
            cat("it is too old: ", format_duration(age), ", the profile allows ", format_duration(allowed)),
            hint);
    if (age < -kClockSkew)
        return unfit(request.ranking_file,
                     cat("it comes from the future, by ", format_duration(-age), ": is a clock wrong?"),
                     "timedatectl");
    return {};
}

Result<std::string> read_file(Node& node, const std::string& given) {
    auto text = node.host().read(node.host_path(given), kMaxRanking);
    if (text) return text;
    auto error = in_context(std::move(text).error(), "the ranking " + ranking_name(given));
    if (given.starts_with("/dev/") || given.starts_with("/proc/") || error.code == ErrorCode::unsafe_path)
        error.hint = "what is no file is read from standard input: ... | mirrorctl apply --ranking -";
    return Failure(std::move(error));
}

Result<std::string> read_text(Node& node, const MeasureRequest& request) {
    const auto& given = request.ranking_file;
    if (given == "-") return request.ranking_text;
    bool remote = given.starts_with("https://") || given.starts_with("http://");
    return remote ? read_url(node, request) : read_file(node, given);
}

}  // namespace

std::string ranking_name(const std::string& given) {
    return given == "-" ? "standard input" : printable_line(mask_secrets(given));
}

Result<Report> read_ranking(Node& node, const MeasureRequest& request) {
    const auto& given = request.ranking_file;
    TRY_ASSIGN(auto text, read_text(node, request));
    auto parsed = report_from_json(text);
    if (!parsed) return Failure(in_context(std::move(parsed).error(), ranking_name(given)));
    auto report = std::move(*parsed);
    if (report.site != node.config().site)
        return unfit(given,
                     cat("it was measured at ", site_words(report.site), ", this node belongs to ",
                         site_words(node.config().site)),
                     cat("set `site` in ", profile::kConfigPath, " to the same name on both nodes"));
    TRY(check_profile(request, report));
    TRY(check_age(node, request, report));
    bench::rejoin(report, request.profile);
    return report;
}

}  // namespace mirrorctl::cli
