#include "text/tree.hpp"

namespace mirrorctl::text {

std::string_view name_of(TreeKind kind) {
    switch (kind) {
        case TreeKind::null:
            return "null";
        case TreeKind::boolean:
            return "true or false";
        case TreeKind::integer:
            return "an integer";
        case TreeKind::number:
            return "a number";
        case TreeKind::string:
            return "a string";
        case TreeKind::date:
            return "a date or time";
        case TreeKind::array:
            return "a list";
        case TreeKind::table:
            return "a table";
    }
    return "a value";
}

const Tree* Tree::find(const Path& path) const {
    const Tree* node = this;
    for (const auto& key : path) {
        auto at = node->members.find(key);
        if (at == node->members.end()) return nullptr;
        node = &at->second;
    }
    return node;
}

}  // namespace mirrorctl::text
