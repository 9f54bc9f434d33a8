// JSON files of users: strict reading, and edits by spans. Orders: "s path=value", "l path=value,value", "r
// path=".
#include "text/json_doc.hpp"

#include "fuzz/edit_laws.hpp"
#include "text/tree.hpp"
#include "text/witness.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;
using text::JsonDoc;

Result<std::vector<Edit>> edit(const JsonDoc& doc, const Order& order) {
    if (order.verb == 's') return doc.set_string(order.path, order.value);
    if (order.verb == 'l') return doc.set_strings(order.path, order.values);
    return doc.remove(order.path);
}

bool holds(const JsonDoc& doc, const Order& order) {
    if (order.verb == 's') {
        auto now = doc.string_at(order.path);
        return now && *now && **now == order.value;
    }
    if (order.verb == 'l') {
        auto now = doc.strings_at(order.path);
        return now && *now && **now == order.values;
    }
    return !doc.has(order.path);
}

// JSON of 200 levels is refused by us alone, and so is what stands behind a zero byte, which the other parser
// takes for the end.
bool both_judge(std::string_view text) {
    return text.find('\0') == std::string_view::npos &&
           std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') < 200;
}

void read_by_law(const std::string& text) {
    auto doc = JsonDoc::parse(text);
    if (doc) {
        // A number beyond any double is good JSON that no program can read: an edit of such a file is refused
        // later.
        auto tree = text::json_tree(text);
        LAW(tree || tree.error().message.find("too big") != std::string::npos,
            "the independent parser refuses it:\n", text);
        LAW(doc->text() == text);
        return;
    }
    EXPECT_ERROR(doc.error(), ErrorCode::parse, ErrorCode::duplicate_key);
    LAW(doc.error().location && doc.error().location->line > 0 && doc.error().location->column > 0);
    if (doc.error().code == ErrorCode::parse && both_judge(text))
        LAW(!text::json_tree(text), "good JSON is refused: ", doc.error().message, "\n", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    read_by_law(input.text);
    auto doc = JsonDoc::parse(input.text);
    if (!doc) return 0;
    for (const auto& line : input.orders) {
        auto order = read_order(line);
        if (order.path.empty()) continue;
        auto next = edit_by_law<JsonDoc>(
            *doc, [&](const JsonDoc& on) { return edit(on, order); },
            [&](const JsonDoc& on) { return holds(on, order); });
        if (!next) continue;
        auto proof = text::json_same_except(doc->text(), next->text(), {order.path});
        LAW(proof.has_value(), to_string(proof.error()), "\n", next->text());
        if (!text::is_blank(doc->text()))
            LAW(text::has_final_newline(doc->text()) == text::has_final_newline(next->text()));
        // What was added goes again without a trace in the meaning.
        if (order.path.size() == 1 && !doc->has(order.path)) {
            auto gone = next->remove(order.path);
            LAW(gone.has_value());
            LAW(*text::json_tree(apply_by_law(next->text(), *gone)) == *text::json_tree(doc->text()));
        }
        doc = std::move(*next);
    }
    return 0;
}
