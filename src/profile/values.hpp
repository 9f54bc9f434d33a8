// Typed values of a mapping's keys. A key that is missing gives the fallback; one with a bad value adds a
// problem and gives it too. All expect a tree that went through check_shape.
#pragma once

#include "profile/node.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mirrorctl::profile {

struct Range {
    double low;
    double high;
};

// The index of the value in `names`.
std::size_t choice_of(const Node& map, std::string_view key, std::span<const std::string_view> names,
                      Problems& problems);
int integer_of(const Node& map, std::string_view key, int fallback, Range range, Problems& problems);
double number_of(const Node& map, std::string_view key, double fallback, Range range, Problems& problems);
double seconds_of(const Node& map, std::string_view key, double fallback, Range range, Problems& problems);
std::int64_t bytes_of(const Node& map, std::string_view key, std::int64_t fallback, Range range,
                      Problems& problems);
bool flag_of(const Node& map, std::string_view key, bool fallback);
// YYYY-MM-DD, a day that exists.
std::string date_of(const Node& map, std::string_view key, Problems& problems);
std::vector<std::string> texts_of(const Node& map, std::string_view key);

// Days since 1970-01-01 of a YYYY-MM-DD; nullopt if it is no such day.
std::optional<std::int64_t> day_number(std::string_view date);
// "cn-aliyun": lower-case letters, digits, '.', '_', '-', not in front; at most 64.
bool is_name(std::string_view text);

}  // namespace mirrorctl::profile
