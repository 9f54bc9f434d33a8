// systemd units and drop-ins. Orders: "v section/key=value,value" (none: the key goes).
#include "text/ini_doc.hpp"

#include "fuzz/edit_laws.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;
using text::IniDoc;

// All assignments but those of one key, in order.
std::vector<std::string> others(const IniDoc& doc, const Order& order) {
    std::vector<std::string> out;
    for (const auto& entry : doc.entries())
        if (entry.section != order.path[0] || entry.key != order.path[1])
            out.push_back(cat(entry.section, "\n", entry.key, "\n", entry.value));
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    auto doc = IniDoc::parse(input.text);
    if (!doc) {
        EXPECT_ERROR(doc.error(), ErrorCode::parse);
        LAW(doc.error().location && doc.error().location->line > 0, to_string(doc.error()));
        return 0;
    }
    for (const auto& line : input.orders) {
        auto order = read_order(line);
        if (order.path.size() != 2) continue;
        auto next = edit_by_law<IniDoc>(
            *doc, [&](const IniDoc& on) { return on.set_values(order.path[0], order.path[1], order.values); },
            [&](const IniDoc& on) { return on.values(order.path[0], order.path[1]) == order.values; });
        if (!next) continue;
        LAW(others(*doc, order) == others(*next, order), next->text());
        doc = std::move(*next);
    }
    return 0;
}
