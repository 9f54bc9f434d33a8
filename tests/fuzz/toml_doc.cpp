// TOML files of users. Orders: "s path=value", "l path=value,value", "b path=1", "r path=" (a key), "t path="
// (a table), "i path=" (a new table in front of the first one, or at the end).
#include "text/toml_doc.hpp"

#include "fuzz/edit_laws.hpp"
#include "text/quote.hpp"
#include "text/witness.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;
using text::TomlDoc;

Result<std::vector<Edit>> edit(const TomlDoc& doc, const Order& order) {
    switch (order.verb) {
        case 's':
            return doc.set_string(order.path, order.value);
        case 'l':
            return doc.set_strings(order.path, order.values);
        case 'b':
            return doc.set_bool(order.path, order.value == "1");
        case 't':
            return doc.remove_table(order.path);
        default:
            return doc.remove_key(order.path);
    }
}

template <class T>
bool says(const Result<std::optional<T>>& now, const T& wanted) {
    return now && *now && **now == wanted;
}

bool holds(const TomlDoc& doc, const Order& order) {
    switch (order.verb) {
        case 's':
            return says<std::string>(doc.string_at(order.path), order.value);
        case 'l':
            return says<std::vector<std::string>>(doc.strings_at(order.path), order.values);
        case 'b':
            return says<bool>(doc.bool_at(order.path), order.value == "1");
        default:
            return !doc.has(order.path);
    }
}

// Wherever a table is put, nothing else changes its meaning.
void insert_by_law(const TomlDoc& doc, const text::Path& path) {
    auto name = text::quote_toml(path.front());
    if (!name || doc.has({path.front()})) return;
    for (std::size_t at = 0; at <= std::min<std::size_t>(doc.tables().size(), 3); ++at) {
        auto edits = doc.insert_table(cat("[", *name, "]\nk = \"v\"\n"), at);
        LAW(edits.has_value(), to_string(edits.error()));
        auto after = apply_by_law(doc.text(), *edits);
        auto proof = text::toml_same_except(doc.text(), after, {{path.front()}});
        // In the middle of an array of tables an insertion can cut off what belongs together; the editor
        // refuses that then.
        if (proof) LAW(TomlDoc::parse(after).has_value(), after);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    auto doc = TomlDoc::parse(input.text);
    if (!doc) {
        EXPECT_ERROR(doc.error(), ErrorCode::parse);
        LAW(doc.error().location && doc.error().location->line > 0, to_string(doc.error()));
        return 0;
    }
    LAW(text::toml_same_except(input.text, input.text, {}).has_value());
    for (const auto& table : doc->tables())
        LAW(table.header.begin < table.header.end && table.body.begin <= table.header.begin &&
            table.body.end >= table.header.end && table.body.end <= input.text.size());
    for (const auto& line : input.orders) {
        auto order = read_order(line);
        if (order.path.empty()) continue;
        if (order.verb == 'i') {
            insert_by_law(*doc, order.path);
            continue;
        }
        auto next = edit_by_law<TomlDoc>(
            *doc, [&](const TomlDoc& on) { return edit(on, order); },
            [&](const TomlDoc& on) { return holds(on, order); });
        if (!next) continue;
        auto proof = text::toml_same_except(doc->text(), next->text(), {order.path});
        LAW(proof.has_value(), to_string(proof.error()), "\n", next->text());
        if (!text::is_blank(doc->text()) && !text::is_blank(next->text()))
            LAW(text::has_final_newline(doc->text()) == text::has_final_newline(next->text()), next->text());
        doc = std::move(*next);
    }
    return 0;
}
