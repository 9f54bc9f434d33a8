#include "text/json_doc.hpp"

#include "base/strings.hpp"
#include "text/json_insert.hpp"
#include "text/lines.hpp"
#include "text/list_edit.hpp"

#include <algorithm>

namespace mirrorctl::text {

namespace {

Failure wrong_kind(const JsonDoc& doc, const JsonNode& node, const Path& path, std::string_view wanted) {
    return Failure(error_at(ErrorCode::unsupported_layout,
                            cat("cannot use ", show(path), ": it is ", name_of(node.kind), ", not ", wanted),
                            doc.text(), node.span.begin));
}

Result<std::vector<std::string>> quoted(const std::vector<std::string>& values) {
    std::vector<std::string> tokens;
    for (const auto& value : values) {
        TRY_ASSIGN(std::string token, quote_json(value));
        tokens.push_back(std::move(token));
    }
    return tokens;
}

Result<void> writable(const Path& path) {
    if (path.empty())
        return Failure(
            Error{.code = ErrorCode::internal, .message = "cannot edit a JSON value: no key given"});
    return quoted(path).map([](const auto&) {});
}

}  // namespace

Result<JsonDoc> JsonDoc::parse(std::string_view text) {
    JsonDoc doc;
    doc.text_ = std::string(text);
    doc.root_.kind = JsonKind::object;
    if (is_blank(text)) return doc;
    TRY_ASSIGN(doc.root_, parse_json(text));
    return doc;
}

const JsonNode* JsonDoc::find(const Path& path) const {
    const JsonNode* node = &root_;
    for (const auto& key : path) {
        const auto* member = node->find(key);
        if (member == nullptr) return nullptr;
        node = &member->value;
    }
    return node;
}

// As find, but an error if something on the way is no object, so that nothing can be there and nothing can be
// put there.
Result<const JsonNode*> JsonDoc::reach(const Path& path) const {
    const JsonNode* node = &root_;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (node->kind != JsonKind::object)
            return wrong_kind(*this, *node, Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i)),
                              "an object");
        const auto* member = node->find(path[i]);
        if (member == nullptr) return nullptr;
        node = &member->value;
    }
    return node;
}

std::optional<JsonKind> JsonDoc::kind_at(const Path& path) const {
    const auto* node = find(path);
    return node == nullptr ? std::nullopt : std::optional(node->kind);
}

Result<std::optional<std::string>> JsonDoc::string_at(const Path& path) const {
    TRY_ASSIGN(const JsonNode* node, reach(path));
    if (node == nullptr) return std::nullopt;
    if (node->kind != JsonKind::string) return wrong_kind(*this, *node, path, "a string");
    return node->text;
}

Result<std::optional<std::vector<std::string>>> JsonDoc::strings_at(const Path& path) const {
    TRY_ASSIGN(const JsonNode* node, reach(path));
    if (node == nullptr) return std::nullopt;
    if (node->kind != JsonKind::array) return wrong_kind(*this, *node, path, "a list of strings");
    std::vector<std::string> values;
    for (const auto& item : node->items) {
        if (item.kind != JsonKind::string)
            return wrong_kind(*this, item, path, "a string in a list of strings");
        values.push_back(item.text);
    }
    return values;
}

Result<std::optional<bool>> JsonDoc::bool_at(const Path& path) const {
    TRY_ASSIGN(const JsonNode* node, reach(path));
    if (node == nullptr) return std::nullopt;
    if (node->kind != JsonKind::boolean) return wrong_kind(*this, *node, path, "true or false");
    return text_[node->span.begin] == 't';
}

Result<std::vector<std::string>> JsonDoc::keys_of(const Path& path) const {
    TRY_ASSIGN(const JsonNode* node, reach(path));
    std::vector<std::string> keys;
    if (node == nullptr) return keys;
    if (node->kind != JsonKind::object) return wrong_kind(*this, *node, path, "an object");
    for (const auto& member : node->members) keys.push_back(member.key);
    return keys;
}

Result<std::vector<Edit>> JsonDoc::set_string(const Path& path, std::string_view value) const {
    TRY(writable(path));
    TRY_ASSIGN(std::string token, quote_json(value));
    TRY_ASSIGN(std::optional<std::string> current, string_at(path));
    if (!current) return insert_json(text_, root_, path, {.list = false, .tokens = {token}});
    if (*current == value) return std::vector<Edit>{};
    return std::vector<Edit>{{.span = find(path)->span, .replacement = token}};
}

Result<std::vector<Edit>> JsonDoc::set_strings(const Path& path,
                                               const std::vector<std::string>& values) const {
    TRY(writable(path));
    TRY_ASSIGN(std::vector<std::string> tokens, quoted(values));
    TRY_ASSIGN(auto current, strings_at(path));
    if (!current) return insert_json(text_, root_, path, {.list = true, .tokens = tokens});
    if (*current == values) return std::vector<Edit>{};
    const auto* node = find(path);
    if (current->empty()) return std::vector<Edit>{fill_json_list(text_, root_, *node, tokens)};
    ListText list{.text = text_, .span = node->span, .items = {}, .values = *current};
    for (const auto& item : node->items) list.items.push_back(item.span);
    return edit_list(list, values, tokens);
}

Result<std::vector<Edit>> JsonDoc::remove(const Path& path) const {
    TRY(writable(path));
    TRY_ASSIGN(const JsonNode* node, reach(path));
    if (node == nullptr) return std::vector<Edit>{};
    const auto& object = *find(Path(path.begin(), path.end() - 1));
    auto at = std::find_if(object.members.begin(), object.members.end(),
                           [&](const auto& member) { return member.key == path.back(); });
    Span span;
    if (object.members.size() == 1)
        span = {object.span.begin + 1, object.span.end - 1};
    else if (at == object.members.begin())
        span = {at->key_span.begin, std::next(at)->key_span.begin};
    else
        span = {std::prev(at)->value.span.end, at->value.span.end};
    return std::vector<Edit>{{.span = span, .replacement = {}}};
}

}  // namespace mirrorctl::text
