#include "text/path.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

bool is_bare(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    });
}

}  // namespace

std::string show(const Path& path) {
    if (path.empty()) return "(top level)";
    std::string out;
    for (const auto& key : path) {
        if (!out.empty()) out += '.';
        out += is_bare(key) ? key : cat('"', printable_line(key), '"');
    }
    return out;
}

bool starts_with(const Path& path, const Path& prefix) {
    return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

}  // namespace mirrorctl::text
