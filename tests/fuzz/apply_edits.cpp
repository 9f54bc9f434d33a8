// Applying, undoing and adding up edits, against a model that is too simple to be wrong. Orders: "e
// 3-5=replacement", all but the first ones on the text as it is by then.
#include "text/apply_edits.hpp"

#include "fuzz/edit_laws.hpp"

namespace {

using namespace mirrorctl;
using namespace mirrorctl::fuzz;

std::optional<Edit> read_edit(const std::string& line) {
    auto order = read_order(line);
    if (order.path.empty()) return std::nullopt;
    auto ends = split(order.path.front(), '-');
    auto begin = parse_integer(ends.front());
    auto end = parse_integer(ends.back());
    if (!begin || !end || *begin < 0 || *end < 0) return std::nullopt;
    return Edit{.span = {static_cast<std::size_t>(*begin), static_cast<std::size_t>(*end)},
                .replacement = order.value};
}

bool fits(const Edit& edit, std::string_view text) {
    return edit.span.begin <= edit.span.end && edit.span.end <= text.size();
}

std::vector<Edit> read_edits(const Input& input) {
    std::vector<Edit> edits;
    for (const auto& line : input.orders)
        if (auto edit = read_edit(line)) edits.push_back(std::move(*edit));
    return edits;
}

// All at once: refused as a whole or undone as a whole.
void all_at_once(const std::string& text, const std::vector<Edit>& edits) {
    auto after = text::apply_edits(text, edits);
    if (!after) {
        EXPECT_ERROR(after.error(), ErrorCode::internal);
        return;
    }
    for (const auto& edit : edits) LAW(fits(edit, text));
    auto back = text::apply_edits(*after, text::inverse_edits(text, edits));
    LAW(back && *back == text);
    std::size_t grown = text.size();
    for (const auto& edit : edits) grown += edit.replacement.size() - (edit.span.end - edit.span.begin);
    LAW(grown == after->size());
}

// One after another: the sum of the edits does to the original what they did.
void one_by_one(const std::string& text, const std::vector<Edit>& edits) {
    text::EditedText edited(text);
    std::string model = text;
    for (const auto& edit : edits) {
        auto done = edited.apply({edit});
        LAW(done.has_value() == fits(edit, model));
        if (done) model.replace(edit.span.begin, edit.span.end - edit.span.begin, edit.replacement);
        LAW(edited.text() == model);
    }
    auto sum = edited.edits();
    auto after = text::apply_edits(text, sum);
    LAW(after && *after == model);
    auto back = text::apply_edits(model, text::inverse_edits(text, sum));
    LAW(back && *back == text);
    if (model == text && edits.size() <= 1) LAW(sum.empty());
    for (std::size_t i = 1; i < sum.size(); ++i) LAW(sum[i - 1].span.end <= sum[i].span.begin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = read_input(view_of(data, size));
    auto edits = read_edits(input);
    all_at_once(input.text, edits);
    one_by_one(input.text, edits);
    return 0;
}
