// The laws that every edit of a document keeps (the design's "text" layer), for any document with parse, text
// and with_text.
#pragma once

#include "base/url.hpp"
#include "fuzz/oracle.hpp"
#include "text/apply_edits.hpp"
#include "text/lines.hpp"

#include <algorithm>
#include <functional>

namespace mirrorctl::fuzz {

inline Order read_order(std::string_view line) {
    Order order;
    if (line.empty()) return order;
    order.verb = line.front();
    line.remove_prefix(std::min<std::size_t>(line.size(), 2));
    auto equals = std::min(line.find('='), line.size());
    if (equals > 0)
        for (const auto& key : split(line.substr(0, equals), '/')) order.path.push_back(percent_decode(key));
    auto value = line.substr(std::min(equals + 1, line.size()));
    order.value = percent_decode(value);
    if (!value.empty())
        for (const auto& one : split(value, ',')) order.values.push_back(percent_decode(one));
    return order;
}

// Line ends are pure CRLF: an edit must not mix them.
inline bool only_crlf(std::string_view text) {
    bool some = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\n') continue;
        if (i == 0 || text[i - 1] != '\r') return false;
        some = true;
    }
    return some;
}

// The edits apply, their inverse gives back every byte, and layout that is none of the edit's business stays.
// Returns the new text.
inline std::string apply_by_law(const std::string& before, const std::vector<Edit>& edits) {
    auto after = text::apply_edits(before, edits);
    LAW(after.has_value(), to_string(after.error()));
    auto back = text::apply_edits(*after, text::inverse_edits(before, edits));
    LAW(back.has_value(), to_string(back.error()));
    LAW(*back == before, *back);
    if (text::has_bom(before)) LAW(text::has_bom(*after), *after);
    if (before.find(text::kBom) == std::string::npos) LAW(!text::has_bom(*after), *after);
    if (only_crlf(before)) LAW(only_crlf(*after) || after->find('\n') == std::string::npos, *after);
    return *after;
}

// `edit` computes edits of a document, `holds` says whether a document is as it was wanted. Returns the
// document after it, nullopt if the edit was refused.
template <class Doc>
std::optional<Doc> edit_by_law(const Doc& doc,
                               const std::function<Result<std::vector<Edit>>(const Doc&)>& edit,
                               const std::function<bool(const Doc&)>& holds) {
    auto edits = edit(doc);
    if (!edits) {
        EXPECT_ERROR(edits.error(), ErrorCode::unsupported_layout, ErrorCode::usage);
        return std::nullopt;
    }
    auto after = apply_by_law(doc.text(), *edits);
    auto next = doc.with_text(after);
    LAW(next.has_value(), "the edited text does not parse: ", to_string(next.error()), "\n", after);
    LAW(holds(*next), "not what was wanted:\n", after);
    auto again = edit(*next);
    LAW(again.has_value(), "the second time fails: ", to_string(again.error()), "\n", after);
    LAW(again->empty(), "twice is not once:\n", after);
    if (holds(doc)) LAW(edits->empty(), "an edit although nothing was to be done:\n", after);
    return std::move(*next);
}

}  // namespace mirrorctl::fuzz
