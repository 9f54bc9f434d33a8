#include "profile/node.hpp"

#include "base/strings.hpp"
#include "base/url.hpp"

#include <algorithm>

namespace mirrorctl::profile {

const Node* Node::find(std::string_view name) const {
    auto it = std::find_if(items.begin(), items.end(), [&](const Node& item) { return item.key == name; });
    return kind != Kind::mapping || it == items.end() ? nullptr : &*it;
}

Node* Node::find(std::string_view name) {
    auto it = std::find_if(items.begin(), items.end(), [&](const Node& item) { return item.key == name; });
    return kind != Kind::mapping || it == items.end() ? nullptr : &*it;
}

std::string Node::value(std::string_view name) const {
    const Node* child = find(name);
    return child != nullptr && child->kind == Kind::scalar ? child->text : "";
}

std::string describe(const Node& node) {
    switch (node.kind) {
        case Kind::null:
            return "nothing";
        case Kind::sequence:
            return "a list";
        case Kind::mapping:
            return "a mapping";
        case Kind::scalar:
            break;
    }
    return cat("\"", printable_line(mask_secrets(node.text), 80), "\"");
}

// Hints repeat what a stranger wrote, and are shown as they are.
void Problems::add(const Location& at, std::string message, std::string hint) {
    errors.push_back(
        {.code = ErrorCode::parse, .message = std::move(message), .hint = printable(hint), .location = at});
}

Error Problems::first() const {
    Error error = errors.front();
    if (errors.size() > 1 && error.location && error.location->file.find('/') != std::string::npos) {
        auto more = cat(errors.size() - 1, " more: mirrorctl profile lint ", error.location->file);
        error.hint = error.hint.empty() ? more : cat(error.hint, "; ", more);
    }
    return error;
}

}  // namespace mirrorctl::profile
