// Differences of two texts for people and for `patch`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mirrorctl::text {

// A unified diff with 3 lines of context and the labels "a/etc/..." and "b/etc/..."; nullopt = the file is
// absent (/dev/null). Empty if both are equal. Lines are split at "\n" only, so a change of line ends shows.
// The bytes are those of the files: whoever prints them to a terminal makes them printable. Big inputs cost
// bounded time: the diff is right but may not be minimal.
std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after);

}  // namespace mirrorctl::text
