// Files of NAME=value, in both grammars. Orders: "s NAME=value", "r NAME=".
#include "text/env_doc.hpp"

#include "fuzz/edit_laws.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;
using text::EnvDoc;
using text::EnvGrammar;

std::vector<std::string> others(const EnvDoc& doc, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& entry : doc.entries())
        if (entry.name != name)
            out.push_back(
                cat(entry.name, "=", entry.value, entry.literal ? "" : "?", entry.exported ? "!" : ""));
    return out;
}

bool holds(const EnvDoc& doc, const Order& order) {
    auto now = doc.value_of(order.path.front());
    if (order.verb == 'r') return now && !*now;
    return now && *now && **now == order.value;
}

void check(const Input& input, EnvGrammar grammar) {
    auto doc = EnvDoc::parse(input.text, grammar);
    if (!doc) {
        EXPECT_ERROR(doc.error(), ErrorCode::parse, ErrorCode::unsupported_layout);
        LAW(doc.error().location && doc.error().location->line > 0, to_string(doc.error()));
        return;
    }
    for (const auto& line : input.orders) {
        auto order = read_order(line);
        if (order.path.size() != 1) continue;
        const auto& name = order.path.front();
        auto next = edit_by_law<EnvDoc>(
            *doc,
            [&](const EnvDoc& on) -> Result<std::vector<Edit>> {
                return order.verb == 'r' ? on.remove(name) : on.set(name, order.value);
            },
            [&](const EnvDoc& on) { return holds(on, order); });
        if (!next) continue;
        LAW(others(*doc, name) == others(*next, name), next->text());
        doc = std::move(*next);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    check(input, EnvGrammar::systemd);
    check(input, EnvGrammar::shell);
    return 0;
}
