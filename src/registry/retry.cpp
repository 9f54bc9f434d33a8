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

// Years of two digits are at most fifty years in the future (RFC 9110 section 5.6.7).
std::int64_t full_year(std::int64_t two_digits, double wall) {
    auto seconds = static_cast<std::time_t>(wall);
    std::tm today{};
    ::gmtime_r(&seconds, &today);
    std::int64_t now = 1900 + today.tm_year;
    auto year = now - now % 100 + two_digits;
    if (year > now + 50) return year - 100;
    return year <= now - 50 ? year + 100 : year;
}

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A number of seconds; parts of one, which some servers send, count as a whole one.
std::optional<double> parse_seconds(std::string_view text) {
    auto point = std::min(text.find('.'), text.size());
    auto part = text.substr(point);
    if (!all_digits(text.substr(0, point)) || (!part.empty() && !all_digits(part.substr(1))))
        return std::nullopt;
    auto whole = parse_integer(text.substr(0, point));
    if (!whole) return kLongest;
    return std::min(static_cast<double>(*whole) + (part.empty() ? 0 : 1), kLongest);
}

}  // namespace

// The three forms have the same words in one of two orders.
std::optional<double> parse_http_date(std::string_view text, double wall) {
    std::string plain(trim(text));
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == ',' || c == '-'; }, ' ');
    auto words = split(plain, ' ');
    std::erase_if(words, [](const auto& word) { return word.empty(); });
    bool zone = words.size() == 6 && words[5] == "GMT";
    if (!zone && words.size() != 5) return std::nullopt;
    auto date_of = [&](std::size_t day, std::size_t month, std::size_t year,
                       std::size_t time) -> std::optional<double> {
        auto clock = split(words[time], ':');
        const auto* name = std::find(kMonths.begin(), kMonths.end(), lower(words[month]));
        auto mday = parse_integer(words[day]);
        auto full = parse_integer(words[year]);
        if (full && words[year].size() == 2) full = full_year(*full, wall);
        if (clock.size() != 3 || name == kMonths.end() || !mday || !full || *full < 1970 || *full > 9999)
            return std::nullopt;
        auto hour = parse_integer(clock[0]);
        auto minute = parse_integer(clock[1]);
        auto second = parse_integer(clock[2]);
        if (!hour || !minute || !second) return std::nullopt;
        std::tm date{};
        date.tm_year = static_cast<int>(*full) - 1900;
        date.tm_mon = static_cast<int>(name - kMonths.begin());
        date.tm_mday = static_cast<int>(std::clamp<std::int64_t>(*mday, 1, 31));
        date.tm_hour = static_cast<int>(std::clamp<std::int64_t>(*hour, 0, 23));
        date.tm_min = static_cast<int>(std::clamp<std::int64_t>(*minute, 0, 59));
        date.tm_sec = static_cast<int>(std::clamp<std::int64_t>(*second, 0, 60));
        return static_cast<double>(::timegm(&date));
    };
    return zone ? date_of(1, 2, 3, 4) : date_of(2, 1, 4, 3);
}

std::optional<double> retry_after(const net::Response& response, double wall) {
    auto text = response.header("Retry-After");
    if (!text) return std::nullopt;
    if (auto seconds = parse_seconds(trim(*text))) return seconds;
    auto date = parse_http_date(*text, wall);
    if (!date) return std::nullopt;
    auto sent = parse_http_date(response.header("Date").value_or(""), wall);
    return std::clamp(*date - sent.value_or(wall), 0.0, kLongest);
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
