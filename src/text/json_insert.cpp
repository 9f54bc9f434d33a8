#include "text/json_insert.hpp"

#include "base/strings.hpp"
#include "text/lines.hpp"
#include "text/list_edit.hpp"

#include <optional>

namespace mirrorctl::text {

namespace {

bool has_line_end(std::string_view text) {
    return text.find('\n') != std::string_view::npos;
}

// The habits of a JSON text, taken from the first place that shows each.
class Style {
  public:
    Style(std::string_view text, const JsonNode& root) : text_(text), newline_(newline_of(text)) {
        auto indentation = indentation_of(text);
        unit_ = indentation.unit;
        single_line_ = indentation.single_line && !(root.members.empty() && root.kind == JsonKind::object);
        look_at(root);
    }

    bool single_line() const { return single_line_; }
    const std::string& unit() const { return unit_; }
    std::string line(std::string_view indent) const { return cat(newline_, indent); }
    std::string_view comma() const { return comma_ ? std::string_view(*comma_) : ", "; }

    // {"path[from]": {... value}} without the outermost braces; `indent` is that of its line, nullopt = all
    // in one line.
    std::string member(const Path& path, std::size_t from, const JsonValue& value,
                       std::optional<std::string> indent) const {
        auto out = cat(quote_json(path[from]).value_or("\"\""), colon_ ? *colon_ : ": ");
        if (from + 1 == path.size()) return out + value_text(value, indent);
        if (!indent) return cat(out, "{", pad_, member(path, from + 1, value, indent), pad_, "}");
        auto deeper = *indent + unit_;
        return cat(out, "{", line(deeper), member(path, from + 1, value, deeper), line(*indent), "}");
    }

    std::string value_text(const JsonValue& value, const std::optional<std::string>& indent) const {
        if (!value.list) return value.tokens.front();
        if (!indent || (one_line_lists_ && *one_line_lists_)) return new_list(value.tokens, "", "", comma());
        return new_list(value.tokens, line(*indent + unit_), line(*indent));
    }

    // What a one-line object has behind '{' and before '}'.
    std::string_view pad() const { return pad_; }

  private:
    std::string_view bytes(std::size_t begin, std::size_t end) const {
        return text_.substr(begin, end - begin);
    }

    void look_at(const JsonNode& node) {
        for (std::size_t i = 0; i < node.members.size(); ++i) {
            const auto& member = node.members[i];
            auto gap = bytes(member.key_span.end, member.value.span.begin);
            if (!colon_ && !has_line_end(gap)) colon_ = std::string(gap);
            if (i == 0) look_at_start(bytes(node.span.begin + 1, member.key_span.begin));
            if (i > 0) look_at_gap(bytes(node.members[i - 1].value.span.end, member.key_span.begin));
            look_at(member.value);
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            if (i == 0 && !one_line_lists_)
                one_line_lists_ = !has_line_end(bytes(node.span.begin, node.span.end));
            if (i > 0) look_at_gap(bytes(node.items[i - 1].span.end, node.items[i].span.begin));
            look_at(node.items[i]);
        }
    }
    void look_at_start(std::string_view gap) {
        if (!has_line_end(gap) && !seen_pad_) pad_ = std::string(gap);
        if (!has_line_end(gap)) seen_pad_ = true;
    }
    void look_at_gap(std::string_view gap) {
        if (!comma_ && !has_line_end(gap)) comma_ = std::string(gap);
    }

    std::string_view text_;
    std::string newline_;
    std::string unit_;
    bool single_line_ = false;
    std::optional<std::string> colon_ = {};
    std::optional<std::string> comma_ = {};
    std::optional<bool> one_line_lists_ = {};
    std::string pad_ = {};
    bool seen_pad_ = false;
};

// The gap in front of the last member, comma included, with at most one line end.
std::string gap_before_last(std::string_view text, const JsonNode& object, const Style& style) {
    const auto count = object.members.size();
    const auto& last = object.members.back();
    auto begin = count > 1 ? object.members[count - 2].value.span.end : object.span.begin + 1;
    auto gap = std::string(text.substr(begin, last.key_span.begin - begin));
    if (count == 1) gap = has_line_end(gap) ? "," + gap : std::string(style.comma());
    auto newest = gap.rfind('\n');
    if (newest == std::string::npos) return gap;
    auto head = gap.substr(0, gap.find_first_of("\r\n"));
    auto tail = gap.substr(newest + 1);
    // The comma may stand on a line of its own.
    if (cat(head, tail).find(',') == std::string::npos) head += ',';
    return cat(head, style.line(""), tail);
}

}  // namespace

std::vector<Edit> insert_json(std::string_view text, const JsonNode& root, const Path& path,
                              const JsonValue& value) {
    Style style(text, root);
    if (is_blank(text)) {
        auto begin = has_bom(text) ? kBom.size() : 0;
        auto body = cat("{", style.line(style.unit()), style.member(path, 0, value, style.unit()),
                        style.line("}"), style.line(""));
        return {{.span = {begin, text.size()}, .replacement = body}};
    }
    const JsonNode* object = &root;
    std::size_t depth = 0;
    while (const auto* member = object->find(path[depth])) object = &member->value, ++depth;

    if (!object->members.empty()) {
        auto gap = gap_before_last(text, *object, style);
        std::optional<std::string> indent;
        if (has_line_end(gap)) indent = gap.substr(gap.rfind('\n') + 1);
        if (indent && indent->find_first_not_of(" \t") != std::string::npos)
            indent = indent->substr(0, indent->find_first_not_of(" \t"));
        auto at = object->members.back().value.span.end;
        return {{.span = {at, at}, .replacement = gap + style.member(path, depth, value, indent)}};
    }
    Span inner{object->span.begin + 1, object->span.end - 1};
    if (style.single_line())
        return {
            {.span = inner,
             .replacement = cat(style.pad(), style.member(path, depth, value, std::nullopt), style.pad())}};
    auto outer = std::string(indent_at(text, object->span.begin));
    auto indent = outer + style.unit();
    return {{.span = inner,
             .replacement =
                 cat(style.line(indent), style.member(path, depth, value, indent), style.line(outer))}};
}

Edit fill_json_list(std::string_view text, const JsonNode& root, const JsonNode& node,
                    const std::vector<std::string>& tokens) {
    Style style(text, root);
    std::optional<std::string> indent;
    if (!style.single_line()) indent = std::string(indent_at(text, node.span.begin));
    return {.span = node.span, .replacement = style.value_text({.list = true, .tokens = tokens}, indent)};
}

}  // namespace mirrorctl::text
