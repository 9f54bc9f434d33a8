#include "profile/values.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace mirrorctl::profile {

namespace {

void expected(const Node& node, std::string_view what, Problems& problems, std::string hint = {}) {
    problems.add(node.where(), cat(node.key, ": expected ", what, ", found ", describe(node)),
                 std::move(hint));
}

std::string between(Range range, std::string (*format)(double)) {
    return cat(" from ", format(range.low), " to ", format(range.high));
}

std::string plain(double value) {
    auto whole = static_cast<std::int64_t>(value);
    return std::to_string(whole);
}

// Reads with `parse`, checks the range; `what` names the type for people.
template <class Parse>
std::optional<double> read_number(const Node& map, std::string_view key, Parse parse, Range range,
                                  const std::string& what, Problems& problems) {
    const Node* node = map.find(key);
    if (node == nullptr) return std::nullopt;
    auto value = parse(node->text);
    if (value && static_cast<double>(*value) >= range.low && static_cast<double>(*value) <= range.high)
        return static_cast<double>(*value);
    expected(*node, what, problems);
    return std::nullopt;
}

std::optional<double> parse_double(const std::string& text) {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::size_t choice_of(const Node& map, std::string_view key, std::span<const std::string_view> names,
                      Problems& problems) {
    const Node* node = map.find(key);
    if (node == nullptr) return 0;
    auto it = std::find(names.begin(), names.end(), node->text);
    if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
    std::vector<std::string> known(names.begin(), names.end());
    auto near = nearest(node->text, known);
    expected(*node, "one of " + join(known, ", "), problems, near ? cat("did you mean ", *near, "?") : "");
    return 0;
}

int integer_of(const Node& map, std::string_view key, int fallback, Range range, Problems& problems) {
    auto value =
        read_number(map, key, parse_integer, range, "a whole number" + between(range, plain), problems);
    return value ? static_cast<int>(*value) : fallback;
}

double number_of(const Node& map, std::string_view key, double fallback, Range range, Problems& problems) {
    return read_number(map, key, parse_double, range, "a number" + between(range, plain), problems)
        .value_or(fallback);
}

double seconds_of(const Node& map, std::string_view key, double fallback, Range range, Problems& problems) {
    auto what = cat("a time with its unit (10s, 15m, 24h, 7d)", between(range, format_duration));
    return read_number(map, key, parse_duration, range, what, problems).value_or(fallback);
}

std::int64_t bytes_of(const Node& map, std::string_view key, std::int64_t fallback, Range range,
                      Problems& problems) {
    auto what = cat("a size (512KiB, 48MiB)", between(range, format_bytes));
    auto value = read_number(map, key, parse_bytes, range, what, problems);
    return value ? static_cast<std::int64_t>(*value) : fallback;
}

bool flag_of(const Node& map, std::string_view key, bool fallback) {
    const Node* node = map.find(key);
    return node == nullptr ? fallback : node->text == "true";
}

std::string date_of(const Node& map, std::string_view key, Problems& problems) {
    const Node* node = map.find(key);
    if (node == nullptr) return "";
    if (!day_number(node->text)) expected(*node, "a date (YYYY-MM-DD)", problems);
    return node->text;
}

std::vector<std::string> texts_of(const Node& map, std::string_view key) {
    std::vector<std::string> out;
    if (const Node* node = map.find(key))
        for (const auto& item : node->items) out.push_back(item.text);
    return out;
}

std::optional<std::int64_t> day_number(std::string_view date) {
    if (date.size() != 10 || date[4] != '-' || date[7] != '-') return std::nullopt;
    auto year = parse_integer(date.substr(0, 4));
    auto month = parse_integer(date.substr(5, 2));
    auto day = parse_integer(date.substr(8, 2));
    if (!year || !month || !day || *year < 1970 || *month < 1 || *day < 1) return std::nullopt;
    std::chrono::year_month_day ymd{std::chrono::year(static_cast<int>(*year)),
                                    std::chrono::month(static_cast<unsigned>(*month)),
                                    std::chrono::day(static_cast<unsigned>(*day))};
    if (!ymd.ok()) return std::nullopt;
    return std::chrono::sys_days(ymd).time_since_epoch().count();
}

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > 64) return false;
    auto plain_char = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return plain_char(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
               return plain_char(c) || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace mirrorctl::profile
