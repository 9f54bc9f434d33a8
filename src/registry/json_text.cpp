#include "registry/json_text.hpp"

#include <cstddef>

namespace mirrorctl::registry {

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxValues = 50'000;

}  // namespace

// Brackets and commas outside strings.
bool is_unreasonable_json(std::string_view text) {
    int depth = 0;
    std::size_t values = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            if (++values > kMaxValues) return true;
        } else if (c == '{' || c == '[') {
            if (++depth > kMaxDepth || ++values > kMaxValues) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace mirrorctl::registry
