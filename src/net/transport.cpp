#include "net/transport.hpp"

#include "base/strings.hpp"

namespace mirrorctl::net {

std::optional<std::string> Response::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (lower(key) == lower(name)) return value;
    return std::nullopt;
}

std::vector<std::string> Response::all_headers(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& [key, value] : headers)
        if (lower(key) == lower(name)) out.push_back(value);
    return out;
}

}  // namespace mirrorctl::net
