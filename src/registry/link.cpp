#include "registry/link.hpp"

#include "base/strings.hpp"

#include <string_view>

namespace mirrorctl::registry {

namespace {

constexpr std::size_t kMaxTarget = 8 * 1024;

// Up to the next `stop` outside quotes.
std::string_view until(std::string_view text, std::string_view stops) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && stops.find(text[i]) != std::string_view::npos) {
            return text.substr(0, i);
        }
    }
    return text;
}

// rel="next", rel=next, and lists: rel="prev next".
bool is_next(std::string_view parameter) {
    auto equals = parameter.find('=');
    if (equals == std::string_view::npos || lower(trim(parameter.substr(0, equals))) != "rel") return false;
    auto value = trim(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
    for (const auto& word : split(value, ' '))
        if (lower(word) == "next") return true;
    return false;
}

}  // namespace

std::optional<std::string> next_link(const std::vector<std::string>& headers) {
    for (std::string_view rest : headers) {
        for (;;) {
            auto open = rest.find('<');
            auto close = rest.find('>', open == std::string_view::npos ? rest.size() : open);
            if (close == std::string_view::npos) break;
            auto target = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            auto parameters = until(rest, ",");
            rest.remove_prefix(parameters.size());
            bool next = false;
            while (!parameters.empty() && !next) {
                auto one = until(parameters, ";");
                next = is_next(trim(one));
                parameters.remove_prefix(std::min(parameters.size(), one.size() + 1));
            }
            if (next && !target.empty() && target.size() <= kMaxTarget) return std::string(target);
        }
    }
    return std::nullopt;
}

}  // namespace mirrorctl::registry
