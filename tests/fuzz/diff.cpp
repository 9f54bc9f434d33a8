// A diff applied to its first text gives the second one. The input holds both, with "---" between them.
#include "text/diff.hpp"

#include "fuzz/oracle.hpp"

#include <optional>

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

// What patch(1) does, without its tolerance: every context line must be the one that stands there.
std::string patched(std::string_view before, std::string_view diff) {
    auto old = lines_of(before);
    auto lines = lines_of(diff);
    std::string out;
    std::size_t at = 0;
    for (std::size_t i = 2; i < lines.size(); ++i) {
        std::string line = lines[i];
        if (line.starts_with("\\")) continue;
        if (i + 1 < lines.size() && lines[i + 1].starts_with("\\")) line.pop_back();
        if (line.starts_with("@@ -")) {
            auto from = parse_integer(line.substr(4, line.find_first_of(", ", 4) - 4));
            LAW(from.has_value(), line);
            bool none = line.find(",0 +") != std::string::npos;
            auto first = static_cast<std::size_t>(*from) - (none ? 0 : 1);
            LAW(first >= at && first <= old.size(), line);
            while (at < first) out += old[at++];
        } else if (line.starts_with("+")) {
            out += line.substr(1);
        } else {
            LAW(at < old.size() && line.substr(1) == old[at], "line ", at + 1, " in\n", diff);
            if (line.starts_with(" ")) out += old[at];
            ++at;
        }
    }
    while (at < old.size()) out += old[at++];
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = view_of(data, size);
    auto cut = input.find("---");
    std::string before(input.substr(0, cut));
    std::string after(cut == std::string_view::npos ? "" : input.substr(cut + 3));
    auto diff = text::unified_diff("/etc/x", before, after);
    LAW(diff.empty() == (before == after));
    if (!diff.empty()) LAW(patched(before, diff) == after, diff);
    auto made = text::unified_diff("/etc/x", std::nullopt, after);
    if (!after.empty()) LAW(patched("", made) == after, made);
    auto gone = text::unified_diff("/etc/x", before, std::nullopt);
    if (!before.empty()) LAW(patched(before, gone).empty(), gone);
    return 0;
}
