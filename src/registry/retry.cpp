#include "registry/retry.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <string>

namespace mirrorctl::registry {

namespace {

constexpr double kLongest = 24 * 3600;
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

}  // namespace

// Only the preferred format (IMF-fixdate): the obsolete ones are not sent by anybody.
std::optional<double> parse_http_date(std::string_view text) {
    auto comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    auto parts = split(trim(text.substr(comma + 1)), ' ');
    if (parts.size() != 5 || parts[4] != "GMT") return std::nullopt;
    auto clock = split(parts[3], ':');
    const auto* month = std::find(kMonths.begin(), kMonths.end(), lower(parts[1]));
    auto day = parse_integer(parts[0]);
    auto year = parse_integer(parts[2]);
    if (clock.size() != 3 || month == kMonths.end() || !day || !year || *year < 1970 || *year > 9999)
        return std::nullopt;
    auto hour = parse_integer(clock[0]);
    auto minute = parse_integer(clock[1]);
    auto second = parse_integer(clock[2]);
    if (!hour || !minute || !second) return std::nullopt;
    std::tm date{};
    date.tm_year = static_cast<int>(*year) - 1900;
    date.tm_mon = static_cast<int>(month - kMonths.begin());
    date.tm_mday = static_cast<int>(std::clamp<std::int64_t>(*day, 1, 31));
    date.tm_hour = static_cast<int>(std::clamp<std::int64_t>(*hour, 0, 23));
    date.tm_min = static_cast<int>(std::clamp<std::int64_t>(*minute, 0, 59));
    date.tm_sec = static_cast<int>(std::clamp<std::int64_t>(*second, 0, 60));
    return static_cast<double>(::timegm(&date));
}

std::optional<double> retry_after(const net::Response& response, double wall) {
    auto text = response.header("Retry-After");
    if (!text) return std::nullopt;
    if (auto seconds = parse_integer(trim(*text)))
        return *seconds < 0 ? std::nullopt : std::optional(std::min(static_cast<double>(*seconds), kLongest));
    auto date = parse_http_date(*text);
    if (!date) return std::nullopt;
    return std::clamp(*date - wall, 0.0, kLongest);
}

bool is_transient(int status) {
    constexpr std::array kStatuses{408, 429, 499, 500, 502, 503, 504};
    return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end() ||
           (status >= 520 && status <= 524);
}

std::optional<PullLimit> pull_limit(const net::Response& response) {
    auto parts = split(response.header("ratelimit-remaining").value_or(""), ';');
    if (parts.size() != 2 || !trim(parts[1]).starts_with("w=")) return std::nullopt;
    auto left = parse_integer(trim(parts[0]));
    auto window = parse_integer(trim(parts[1]).substr(2));
    if (!left || !window || *left < 0 || *window <= 0) return std::nullopt;
    return PullLimit{.left = *left, .window = *window};
}

double backoff(int attempt, double jitter) {
    return std::min(0.5 * std::exp2(std::clamp(attempt, 0, 10)), 20.0) *
           (1 + std::clamp(jitter, 0.0, 1.0) / 2);
}

}  // namespace mirrorctl::registry
