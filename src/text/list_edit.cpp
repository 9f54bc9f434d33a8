#include "text/list_edit.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

std::string_view bytes(const ListText& list, std::size_t begin, std::size_t end) {
    return list.text.substr(begin, end - begin);
}

// What stands between two entries.
std::string separator(const ListText& list) {
    if (list.items.size() > 1) return std::string(bytes(list, list.items[0].end, list.items[1].begin));
    auto lead = bytes(list, list.span.begin + 1, list.items[0].begin);
    return lead.find('\n') == std::string_view::npos ? ", " : cat(",", lead);
}

// How wanted[i] is written already, else its new token.
std::string_view token_for(const ListText& list, const std::string& value, const std::string& token) {
    auto at = std::find(list.values.begin(), list.values.end(), value);
    if (at == list.values.end()) return token;
    const auto& span = list.items[static_cast<std::size_t>(at - list.values.begin())];
    return bytes(list, span.begin, span.end);
}

}  // namespace

std::vector<Edit> edit_list(const ListText& list, const std::vector<std::string>& wanted,
                            const std::vector<std::string>& tokens) {
    if (list.values == wanted) return {};
    if (wanted.empty()) return {{.span = {list.span.begin + 1, list.span.end - 1}, .replacement = {}}};
    const auto old_count = list.values.size();
    const auto limit = std::min(old_count, wanted.size());
    std::size_t front = 0;
    while (front < limit && list.values[front] == wanted[front]) ++front;
    std::size_t back = 0;
    while (back < limit - front && list.values[old_count - 1 - back] == wanted[wanted.size() - 1 - back])
        ++back;

    const auto gap = separator(list);
    Edit edit{.span = {front > 0 ? list.items[front - 1].end : list.items[0].begin,
                       back > 0 ? list.items[old_count - back].begin : list.items[old_count - 1].end},
              .replacement = {}};
    for (std::size_t i = front; i < wanted.size() - back; ++i) {
        if (i > 0) edit.replacement += gap;
        edit.replacement += token_for(list, wanted[i], tokens[i]);
    }
    if (back > 0 && wanted.size() > back) {
        // In front of the entries that stay: the gap that stands there, if there is one.
        auto kept = old_count - back;
        edit.replacement +=
            kept > 0 ? bytes(list, list.items[kept - 1].end, list.items[kept].begin) : std::string_view(gap);
    }
    return {edit};
}

std::string new_list(const std::vector<std::string>& tokens, std::string_view indent,
                     std::string_view outdent, std::string_view comma) {
    if (tokens.empty()) return "[]";
    if (indent.empty()) return cat("[", join(tokens, comma), "]");
    return cat("[", indent, join(tokens, cat(",", indent)), outdent, "]");
}

}  // namespace mirrorctl::text
